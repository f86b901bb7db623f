"""A person who has a keyboard and no pointer."""

from playwright.sync_api import Page, expect

MOST_STOPS = 150
"""Presses of Tab after which nobody would look further."""

FOCUSED = """() => {
  const at = document.activeElement;
  const said = at.labels && at.labels.length ? at.labels[0].innerText : at.innerText;
  return (said || "").trim();
}"""


class Keyboard:
    """Goes through a page by Tab, and does what has the focus."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def to(self, name: str) -> None:
        """Press Tab until what is called so has the focus, and that can be seen.

        Raises:
            AssertionError: it cannot be reached.
        """
        for _ in range(MOST_STOPS):
            self.page.keyboard.press("Tab")
            if self.page.evaluate(FOCUSED) == name:
                expect(self.page.locator(":focus")).to_be_visible()
                return
        raise AssertionError(f"no Tab leads to {name!r} on {self.page.url}")

    def choose(self, name: str) -> None:
        """Have a box checked, or the first of several buttons of which one counts."""
        self.to(name)
        here = self.page.locator(":focus")
        if not here.is_checked():
            self.page.keyboard.press("Space")
        expect(here).to_be_checked()

    def type(self, name: str, words: str) -> None:
        self.to(name)
        self.page.keyboard.type(words)

    def press(self, name: str) -> None:
        """Follow a link or press a button, and wait for the page behind it."""
        self.to(name)
        with self.page.expect_navigation(timeout=60_000):
            self.page.keyboard.press("Enter")
