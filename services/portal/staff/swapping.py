"""Lists that are looked through without loading the page anew, by htmx where there are scripts.

One address answers both: the whole page, and to a request of htmx the block of the same template
that it puts in the place of the old one. Without scripts the links are links.
"""

import orjson
from fastapi import Request

SCRIPTS = ("htmx.min.js", "swaps.js")

CONFIG = orjson.dumps(
    {
        "allowEval": False,
        "allowScriptTags": False,
        "includeIndicatorStyles": False,
        "selfRequestsOnly": True,
        # No page stays in the browser's storage: going back asks for it anew, as everywhere here.
        "historyCacheSize": 0,
        "refreshOnHistoryMiss": True,
        # Whatever goes wrong is a page of its own: what it says stands where the list was.
        "responseHandling": [
            {"code": "204", "swap": False},
            {"code": "[23]..", "swap": True},
            {
                "code": "[45]..",
                "swap": True,
                "error": False,
                "target": "#maincontent",
                "select": "#maincontent",
                "swapOverride": "outerHTML",
            },
        ],
    }
).decode()
"""What htmx reads in the head of a page (https://htmx.org/reference/#config)."""

VARIES = {"vary": "HX-Request"}
"""The whole page and a part of it have one address."""


def swaps(request: Request) -> bool:
    """Whether htmx asks, for a part of a page."""
    asked = request.headers
    return asked.get("hx-request") == "true" and "hx-history-restore-request" not in asked
