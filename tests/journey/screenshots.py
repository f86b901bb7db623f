"""`make screenshots`: the pictures of the README, taken of a demo of its own in a real browser."""

import tempfile
from pathlib import Path

import pyotp
from playwright.sync_api import Page, sync_playwright
from rich.console import Console

from deploy.demo.accounts import PEOPLE
from deploy.postgres_cluster import free_port
from services.identity.people.demo import DemoPerson
from tests.infrastructure.chromium import FLAGS, find
from tests.infrastructure.running import start, stop

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
DESKTOP = {"width": 1000, "height": 800}
WORKER, COORDINATOR = (
    next(each for each in PEOPLE if each.role == role)
    for role in ("link-worker", "hub-coordinator")
)


def take(page: Page, url: str, console: Console) -> None:
    """Walk through the pages and take a picture of each.

    Args:
        page: a tab.
        url: of a running demo.
        console: says which picture is taken.
    """

    def picture(name: str) -> None:
        page.screenshot(path=PICTURES / f"{name}.png", full_page=False)
        console.print(f"{name}.png")

    page.goto(f"{url}/refer/bradford")
    picture("front-door")
    _sign_in(page, url, WORKER)
    _read_the_news(page)
    picture("your-list")
    page.goto(f"{url}/cases?show=looking")
    page.locator("tbody a").first.click()
    picture("case")
    page.get_by_role("button", name="Find something that fits").click()
    page.get_by_role("button", name="Find services").click()
    picture("what-fits")
    page.context.clear_cookies()
    _sign_in(page, url, COORDINATOR)
    _read_the_news(page)
    picture("today")
    page.goto(f"{url}/hub/approvals")
    page.get_by_role("link", name="Tabla and Tea").click()
    picture("approval")


def _sign_in(page: Page, url: str, who: DemoPerson) -> None:
    page.goto(f"{url}/sign-in")
    page.get_by_label("E-mail address").fill(who.email)
    page.get_by_label("Password").fill(who.password)
    page.locator("main button").first.click()
    page.locator("input[name=code]").fill(pyotp.TOTP(who.secret).now())
    page.locator("main button").first.click()


def _read_the_news(page: Page) -> None:
    """As on any day but the first: what the hub announced is read, and the list comes first."""
    unread = page.locator(".kersey-news summary")
    while unread.count():
        unread.click()
        page.get_by_role("button", name="I have read this").first.click()


def main() -> None:
    """Start a demo, take the pictures, and stop it."""
    console = Console()
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        console.print("starting a demo of its own: a minute")
        running = start(Path(folder) / "data", free_port())
        browser = playwright.chromium.launch(executable_path=find(), args=list(FLAGS))
        try:
            page = browser.new_page(viewport=DESKTOP)  # type: ignore[arg-type]
            take(page, running.url, console)
        finally:
            browser.close()
            stop(running)


if __name__ == "__main__":
    main()
