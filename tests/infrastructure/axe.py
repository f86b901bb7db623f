"""axe on a page: what it finds against WCAG 2.2 AA. For every test that looks at pages.

`axe-core` comes with the other front-end assets at set-up. Its script is put in by the browser's
own debugger, which no Content-Security-Policy of the page stops.
"""

from functools import cache
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parents[2] / "services/portal/node_modules/axe-core/axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21aa", "wcag22aa")

_RUN = """async (tags) => {
  const found = await axe.run(document, {runOnly: {type: "tag", values: tags}});
  return found.violations.map((each) => [each.id, each.help, each.nodes.map((node) => node.html)]);
}"""


@cache
def _script() -> str:
    return SCRIPT.read_text("utf-8")


def violations(page: Any) -> list[str]:
    """What axe finds on a page of Playwright; empty where all is well.

    Args:
        page: shows what is to be judged, in a context with scripts.
    """
    page.evaluate(_script())
    found = page.evaluate(_RUN, list(TAGS))
    return [f"{rule}: {words} at {'; '.join(nodes)}" for rule, words, nodes in found]
