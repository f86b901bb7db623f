"""Pages: templates on NHS.UK frontend, and the headers that every page has."""

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from shared.languages import ENGLISH, Languages, language
from shared.templating import Templates

HEADERS = {
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
}
"""Nothing stays in a shared browser's cache, and no address goes to another site."""

_SOON = {"retry-after": "5"}
"""Seconds after which what is out of order just now may be asked for again (RFC 9110, 10.2.3)."""


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
        languages: in which the pages can be read; by default in that of the source alone.
    """

    def __init__(
        self,
        package: str,
        *,
        brand: str,
        static: Path,
        static_at: str = "/static",
        languages: Languages | None = None,
    ) -> None:
        self._asset = cache(partial(_kept, static, static_at))
        known = languages.known.values() if languages else [ENGLISH]
        self._templates = {
            each.tag: Templates(
                package,
                each,
                brand=brand,
                static_at=static_at,
                style=self._asset("portal.css"),
                asset=self._asset,
            )
            for each in known
        }

    def page(
        self,
        template: str,
        status: int = 200,
        *,
        forms_to: Iterable[str] = (),
        scripts: Sequence[str] = (),
        images_from: Iterable[str] = (),
        part: str = "",
        **values: Any,
    ) -> HTMLResponse:
        """A page, in the language of its reader.

        Args:
            template: its name without the ending.
            status: the HTTP status.
            forms_to: see `content_policy`.
            scripts: names of script files in the static folder; the page works without them.
            images_from: see `content_policy`.
            part: the block of the template that is wanted alone, and knows by `part` that it is.
            values: what the template shows.
        """
        found = (self._asset(each) for each in scripts)
        at = [each for each in found if each is not None]
        known = self._templates[language().tag].get_template(f"{template}.jinja")
        shown = values | {"scripts": at}
        if part:
            content = "".join(known.blocks[part](known.new_context(shown | {"part": part})))
        else:
            content = known.render(shown)
        policy = content_policy(forms_to, scripted=bool(at), images_from=images_from)
        headers = HEADERS | {"content-security-policy": policy} | (_SOON if status == 503 else {})
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
