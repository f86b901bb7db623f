"""Pages: templates on NHS.UK frontend, and the headers that every page has."""

import hashlib
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader
from starlette.types import Scope

HEADERS = {
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
}
"""Nothing stays in a shared browser's cache, and no address goes to another site."""


def content_policy(
    forms_to: Iterable[str] = (), *, scripted: bool = False, images_from: Iterable[str] = ()
) -> str:
    """The Content-Security-Policy of a page: no script, no frame, nothing from another host.

    Args:
        forms_to: origins beside our own to which what answers a form may lead on. Chromium holds
            a redirect that follows a form to `form-action` too (CSP Level 3, section 6.4.1).
        scripted: whether the page has a script file of our own, which may ask us and nobody else.
        images_from: origins beside our own that pictures may come from.
    """
    forms = " ".join(["'self'", *forms_to])
    images = " ".join(["'self'", *images_from])
    scripts = "script-src 'self'; connect-src 'self'; " if scripted else ""
    return (
        f"default-src 'none'; {scripts}style-src 'self'; img-src {images}; "
        f"form-action {forms}; base-uri 'none'; frame-ancestors 'none'"
    )


class Pages:
    """Renders the templates of a service, in the frame that all pages have.

    Args:
        package: the service's, in whose folder `templates` they are.
        brand: the name on every page.
        static: the folder with the style sheet. Pages work without it, only plainer.
        static_at: the path under which that folder is served.
    """

    def __init__(
        self, package: str, *, brand: str, static: Path, static_at: str = "/static"
    ) -> None:
        self._environment = Environment(
            loader=ChoiceLoader(
                [
                    PackageLoader(package),
                    PackageLoader("shared"),
                    PackageLoader("nhsuk_frontend_jinja"),
                ]
            ),
            # NHS.UK frontend's macros ask for members of what may not be there.
            undefined=ChainableUndefined,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._static, self._static_at = static, static_at
        self._environment.globals |= {
            "brand": brand,
            "static_at": static_at,
            "style": _kept(static, static_at, "portal.css"),
            "asset": partial(_kept, static, static_at),
        }

    def page(
        self,
        template: str,
        status: int = 200,
        *,
        forms_to: Iterable[str] = (),
        script: str = "",
        images_from: Iterable[str] = (),
        **values: Any,
    ) -> HTMLResponse:
        """A page.

        Args:
            template: its name without the ending.
            status: the HTTP status.
            forms_to: see `content_policy`.
            script: the name of a script file in the static folder; the page works without it.
            images_from: see `content_policy`.
            values: what the template shows.
        """
        at = _kept(self._static, self._static_at, script) if script else None
        found = self._environment.get_template(f"{template}.jinja")
        content = found.render(values | {"script": at})
        policy = content_policy(forms_to, scripted=at is not None, images_from=images_from)
        headers = HEADERS | {"content-security-policy": policy}
        return HTMLResponse(content, status, headers=headers)


class StaticSheets(StaticFiles):
    """Files whose address changes with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, to be kept for a year."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


def _kept(static: Path, static_at: str, name: str) -> str | None:
    """A file's address, which changes with its content, so that it can be kept long."""
    file = static / name
    if not file.is_file():
        return None
    return f"{static_at}/{name}?v={hashlib.sha256(file.read_bytes()).hexdigest()[:12]}"
