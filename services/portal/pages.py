"""Pages: templates on NHS.UK frontend, and the headers that every page has."""

import hashlib
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
}
"""No script, no frame, nothing from another host; nothing stays in a shared browser's cache."""


class Pages:
    """Renders the templates.

    Args:
        brand: the name on every page.
        static: the folder with the style sheet. Pages work without it, only plainer.
    """

    def __init__(self, *, brand: str, static: Path) -> None:
        self._environment = Environment(
            loader=ChoiceLoader(
                [PackageLoader("services.portal"), PackageLoader("nhsuk_frontend_jinja")]
            ),
            # NHS.UK frontend's macros ask for members of what may not be there.
            undefined=ChainableUndefined,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {"brand": brand, "style": _style(static)}

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A page.

        Args:
            template: its name without the ending.
            status: the HTTP status.
            values: what the template shows.
        """
        content = self._environment.get_template(f"{template}.jinja").render(values)
        return HTMLResponse(content, status, headers=HEADERS)


def _style(static: Path) -> str | None:
    """The style sheet's address, which changes with its content, so that it can be kept long."""
    sheet = static / "portal.css"
    if not sheet.is_file():
        return None
    return f"/static/portal.css?v={hashlib.sha256(sheet.read_bytes()).hexdigest()[:12]}"
