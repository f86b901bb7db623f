"""The pages in front of a real notifications service, read as a browser without scripts would."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.portal.app import create_app
from services.portal.settings import PortalSettings
from tests.markup.html_validate import faults
from tests.notifications.conftest import (  # noqa: F401 - fixtures
    House,
    Referrals,
    engine,
    house,
    receiver,
    referrals,
    settings,
)
from tests.notifications.serving import serving


@dataclass
class Form:
    """A form as it stands on a page."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)


class Page(HTMLParser):
    """What a page says, links to and asks for."""

    VOID = frozenset(["input", "link", "meta", "br", "img", "hr"])

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.answer = answer
        self.status = answer.status_code
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.labels: list[str] = []
        self.title = self.heading = self.words = ""
        self.feed(answer.text)
        self.close()
        self.words = " ".join(self.words.split())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.elements.append((tag, given))
        if tag not in self.VOID:
            self.open.append(tag)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"])
        if tag == "label":
            self.labels.append(given["for"])
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get")))
        if tag in ("input", "textarea") and self.forms:
            self._ask(self.forms[-1], given)

    def _ask(self, form: Form, given: dict[str, str]) -> None:
        if given.get("type") in ("radio", "checkbox"):
            form.choices.setdefault(given["name"], []).append(given["value"])
            if "checked" in given:
                form.fields[given["name"]] = given["value"]
        else:
            form.fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        last = self.open.pop()
        assert last == tag, f"</{tag}> closes <{last}>"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("script", "style"):
            return
        if "title" in self.open:
            self.title += data
        elif "body" in self.open:
            self.words += data
            if "h1" in self.open:
                self.heading += data.strip()

    def form(self, action: str) -> Form:
        (found,) = [each for each in self.forms if each.action == action]
        return found


class Browser:
    """Follows redirects and keeps cookies, runs no script, checks every page that it gets."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, follow_redirects=True, timeout=30)

    def get(self, path: str) -> Page:
        return self._page(self.http.get(path))

    def send(self, form: Form, **values: str) -> Page:
        assert form.method == "post"
        for name, value in values.items():
            assert name in form.fields or value in form.choices.get(name, [value]), name
        return self._page(self.http.post(form.action, data=form.fields | values))

    def _page(self, answer: httpx.Response) -> Page:
        page = Page(answer)
        assert page.open == []
        check_page(page)
        return page


def check_page(page: Page) -> None:
    """What must hold for every page."""
    headers = page.answer.headers
    assert headers["content-type"].startswith("text/html")
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.heading
    assert page.title
    assert page.title.count("Error:") <= 1
    assert len(page.ids) == len(set(page.ids)), "an id stands twice"
    assert [tag for tag, _ in page.elements].count("h1") == 1
    for tag, given in page.elements:
        assert tag not in ("style", "iframe", "object", "embed")
        if tag == "script":
            assert given["src"].startswith("/static/"), "a script is a file of ours"
        assert not any(name.startswith("on") or name == "style" for name in given)
        for name in ("href", "src", "action"):
            assert not given.get(name, "").startswith(("http:", "https:", "//", "javascript:"))
        if tag == "form":
            assert given["method"] == "post"
        if tag in ("input", "textarea") and given.get("type") != "hidden":
            assert given["id"] in page.labels, f"{given['id']} has no label"
    assert faults(page.answer.text) == []
    targets = [link[1:] for link in page.links if link.startswith("#")]
    assert set(targets) <= set(page.ids), "a link on the page leads nowhere"


@pytest.fixture
def portal_settings() -> PortalSettings:
    return PortalSettings(
        environment="test", database_url="postgresql://not-used", public_url="http://127.0.0.1:8000"
    )


@pytest.fixture
def portal(house: House, portal_settings: PortalSettings, tmp_path: Path) -> Iterator[str]:  # noqa: F811
    static = tmp_path / "static"
    static.mkdir()
    (static / "portal.css").write_text("body{color:black}" * 100)
    with serving(house.app) as notifications:
        http = httpx.AsyncClient(base_url=notifications, timeout=30)
        with serving(create_app(portal_settings, http=http, static=static)) as url:
            yield url


@pytest.fixture
def browser(portal: str) -> Iterator[Browser]:
    made = Browser(portal)
    yield made
    made.http.close()


def path_in(mail: Any) -> str:
    """The answer link of a mail, without its host."""
    body: str = mail.get_body(("plain",)).get_content()
    (line,) = [line for line in body.splitlines() if "/answer/" in line]
    return "/answer/" + line.rpartition("/")[2]
