"""Announcements in the pages: written by a hub's coordinator, read by those they are for."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import Request, Response
from fastapi.responses import JSONResponse

from services.portal.news.reading import paragraphs
from tests.markup.html_validate import faults
from tests.portal.signing_in import (  # noqa: F401 - fixtures
    BROKEN,
    Pages,
    at_the_right_time,
    send,
    trial,
    with_pages,
)

KEY = uuid4()
AT, PAGE = f"/notifications/announcements/{KEY}", f"/hub/announcements/{KEY}"
SENT: list[tuple[str, str, Any]] = []
REFUSES: list[Response] = []
AWAY: set[str] = set()
SAID: dict[str, Any] = {
    "id": str(KEY), "hub": "bradford", "title": "The <ring> road", "state": "draft", "version": 3,
    "text": "Buses go round.\n\nSee https://roads.example.org/a?b=1&c=2. javascript:alert(1)",
    "first_day": "2026-11-20", "last_day": "2099-11-30", "audience": "everybody", "urgent": True,
    "changed": "2026-11-20T10:00:00.000Z", "published": None, "ended": None, "told": {},
}  # fmt: skip
HISTORY = [
    {"what": "written", "by": "tester", "at": "2026-11-20T10:00:00.000Z",
     "said": {"title": "Old <b>", "text": "Was"}},
]  # fmt: skip
NOW: dict[str, Any] = {}


@trial.get("/notifications/announcements/current")
def current() -> Response:
    """What is there for whoever asks."""
    if "notifications" in AWAY:
        return Response(status_code=503)
    read = SAID | {"id": str(uuid4()), "title": "Read before", "read": True, "urgent": False}
    return JSONResponse({"announcements": [SAID | {"read": False}, read]})


@trial.get("/notifications/announcements")
def announcements(offset: int, count: int, show: str) -> dict[str, Any]:
    """The hub's own."""
    rows = [NOW] * (count if show == "current" else 1 if show == "draft" else 0)
    return {"announcements": rows}


@trial.get("/notifications/announcements/{key}")
def announcement(key: UUID) -> Response:
    """One of them."""
    return JSONResponse(NOW) if key == KEY else JSONResponse({"title": "No"}, 404)


@trial.get("/referrals/requests")
def requests_to_a_provider() -> list[Any]:
    """Nobody asks for a place."""
    return []


@trial.api_route("/notifications/announcements/{rest:path}", methods=["POST", "PUT"])
async def changed(rest: str, request: Request) -> Response:
    """Whatever is changed."""
    said = await request.body()
    SENT.append((request.method, request.url.path, await request.json() if said else None))
    return REFUSES.pop() if REFUSES else JSONResponse(NOW)


# Before what other tests of the pages answer to everything.
trial.routes.sort(key=lambda route: route.endpoint.__module__ != __name__)  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def clean() -> None:
    for each in (SENT, REFUSES, AWAY, BROKEN):
        each.clear()
    NOW.clear()
    NOW.update(SAID | {"history": HISTORY})


def opened(pages: Pages, path: str, role: str = "hub-coordinator") -> tuple[Any, Any]:
    http = pages.browser()
    page = pages.come(http, pages.person(role), path)
    assert page.status_code == 200, page.text
    assert faults(page.text) == []
    return http, page


def key_of(text: str) -> str:
    return text.partition('name="key" value="')[2].partition('"')[0]


FILLED = {
    "title": "The road", "text": "Round by the mill", "audience": "providers",
    "first_day-day": "1", "first_day-month": "12", "first_day-year": "2026",
    "last_day-day": "9", "last_day-month": "12", "last_day-year": "2026",
}  # fmt: skip


@pytest.mark.parametrize(
    ("role", "at"),
    [
        ("link-worker", "/cases"),
        ("hub-coordinator", "/hub"),
        ("provider-staff", "/requests"),
        ("duty-lead", "/emergency"),
    ],
)
def test_it_stands_on_the_first_page_of_whoever_is_signed_in(pages: Pages, role: str, at: str):
    if at == "/hub":
        BROKEN.add("referrals")  # what waits in cases is no part of this
    http, page = opened(pages, at, role)
    assert "The &lt;ring&gt; road" in page.text
    main = page.text.partition("<main")[2]
    assert "Urgent news from your hub" in main.partition("</summary>")[0]
    assert "The &lt;ring&gt; road" not in main.partition("</summary>")[0], "it is one line"
    assert "Read before" not in page.text
    answer = http.post(
        f"/announcements/{KEY}/read", data={"key": key_of(page.text), "from": "first"}
    )
    assert answer.headers["location"] == "/home"
    assert [("POST", f"{AT}/read", None)] == SENT
    AWAY.add("notifications")
    kept = http.get(at)
    assert kept.status_code == 200
    assert "&lt;ring&gt;" not in kept.text


@pytest.mark.parametrize(
    "role", ["link-worker", "provider-manager", "hub-coordinator", "duty-lead"]
)
def test_the_list_has_them_all_until_they_end(pages: Pages, role: str):
    http, page = opened(pages, "/announcements", role)
    assert "The &lt;ring&gt; road" in page.text
    assert "Read before" in page.text
    assert page.text.count("I have read this") == 1
    REFUSES.append(JSONResponse({"title": "No"}, 404))
    gone = http.post(f"/announcements/{KEY}/read", data={"key": key_of(page.text)})
    assert gone.headers["location"] == "/announcements"


def test_addresses_lead_on_and_nothing_else_does():
    (first, second) = paragraphs(SAID["text"])
    assert first == [("Buses go round.", False)]
    assert second == [
        ("See ", False),
        ("https://roads.example.org/a?b=1&c=2", True),
        (". javascript:alert(1)", False),
    ]
    quoted = paragraphs('https://x.example/"onclick="a')
    assert quoted[0][1] == ("https://x.example/", True)
    assert all(not link for part, link in paragraphs("http://x.example")[0])


def test_a_link_is_shown_as_one(pages: Pages):
    _, page = opened(pages, "/announcements", "link-worker")
    assert (
        '<a href="https://roads.example.org/a?b=1&amp;c=2" rel="noopener noreferrer">' in page.text
    )
    assert 'href="javascript' not in page.text


def test_it_is_written_and_looked_at_first(pages: Pages):
    http, page = opened(pages, f"/hub/announcements/{uuid4()}/write")
    assert "Nothing about a person" in page.text
    empty = send(http, page, title="Typed <b>")
    assert empty.status_code == 422
    assert faults(empty.text) == []
    for words in ("Write what you want to say", "Choose for whom it is", "Type the last day"):
        assert words in empty.text
    assert "Typed &lt;b&gt;" in empty.text
    assert SENT == []
    answer = send(http, page, **FILLED, urgent="yes")
    assert answer.headers["location"].endswith("?done=kept")
    ((method, _, body),) = SENT
    assert method == "PUT"
    assert body == {
        "title": "The road", "text": "Round by the mill", "audience": "providers",
        "first_day": "2026-12-01", "last_day": "2026-12-09", "urgent": True, "after": 0,
    }  # fmt: skip


def test_days_the_wrong_way_round_are_said_at_their_field(pages: Pages):
    http, page = opened(pages, f"/hub/announcements/{uuid4()}/write")
    answer = send(http, page, **FILLED | {"last_day-month": "11"})
    assert "The last day is before the first day" in answer.text
    assert SENT == []


@pytest.mark.parametrize(
    ("problem", "words", "at"),
    [
        ({"element": "text", "detail": "It holds ten digits like an NHS number."},
         "It holds ten digits like an NHS number", "#text"),
        ({"element": "text", "detail": "A link must begin with https://"},
         "A link must begin with https://", "#text"),
        ({"element": "after", "detail": "x"}, "Somebody changed this after", "#title"),
    ],
)  # fmt: skip
def test_what_is_refused_is_said_at_its_field(
    pages: Pages, problem: dict[str, str], words: str, at: str
):
    http, page = opened(pages, f"{PAGE}/write")
    status = 409 if problem["element"] == "after" else 422
    REFUSES.append(JSONResponse({"title": "No", **problem}, status))
    answer = send(http, page, **FILLED)
    assert answer.status_code == 422
    assert words in answer.text
    assert "Value error" not in answer.text
    assert f'href="{at}"' in answer.text
    assert "Round by the mill" in answer.text


def test_a_change_names_the_version_that_was_read(pages: Pages):
    http, page = opened(pages, f"{PAGE}/write")
    assert 'value="2099"' in page.text
    NOW["state"] = "published"
    answer = send(http, page, **FILLED)
    assert answer.headers["location"] == f"{PAGE}?done=changed"
    assert SENT[0][2]["after"] == 3


def test_it_is_published_from_the_page_that_shows_it(pages: Pages):
    http, page = opened(pages, PAGE)
    assert "Look at it before you publish it" in page.text
    assert "Old &lt;b&gt;" in page.text
    answer = send(http, page)
    assert answer.headers["location"] == f"{PAGE}?done=publish"
    again = send(http, page)
    assert again.headers["location"] == f"{PAGE}?done=publish"
    assert [("POST", f"{AT}/publish", None)] == SENT, "the same form twice is once"


def test_what_is_published_can_be_ended(pages: Pages):
    NOW.update(state="published", told={"queued": 3, "delivered": 1})
    http, page = opened(pages, PAGE)
    assert "3 wait for their message of the day" in page.text
    assert "Publish it" not in page.text
    send(http, page)
    assert [("POST", f"{AT}/end", None)] == SENT
    NOW.update(state="ended")
    over = http.get(PAGE)
    assert "End it now" not in over.text


def test_the_hubs_list_goes_on_by_pages(pages: Pages):
    http, page = opened(pages, "/hub/announcements")
    assert "page=2" in page.text
    assert "page=1" in http.get("/hub/announcements?page=2").text
    assert "Nothing is here" in http.get("/hub/announcements?show=over").text
    assert http.get("/hub/announcements?show=x").status_code == 303


def test_another_hubs_is_not_there(pages: Pages):
    http, page = opened(pages, PAGE)
    other = f"/hub/announcements/{uuid4()}"
    assert http.get(other).status_code == 404
    for what in ("publish", "end"):
        REFUSES.append(JSONResponse({"title": "No"}, 404))
        sent = http.post(f"{other}/{what}", data={"key": key_of(page.text)})
        assert sent.status_code == 404
