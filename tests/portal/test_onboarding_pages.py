"""A group that is brought in: its steps in words, the next one as a button, what others know."""

from typing import Any
from uuid import UUID, uuid4, uuid5

import httpx
import pytest
from fastapi import Request, Response
from fastapi.responses import JSONResponse

from tests.markup.html_validate import faults
from tests.portal.signing_in import (  # noqa: F401 - fixtures
    Pages,
    at_the_right_time,
    send,
    trial,
    with_pages,
)

KEY, PROVIDER, SERVICE = uuid4(), uuid4(), uuid4()
AT, PAGE = f"/directory/onboardings/{KEY}", f"/hub/onboarding/{KEY}"
SENT: list[tuple[str, str, Any]] = []
REFUSES: list[Response] = []
AWAY: set[str] = set()
CONTACTS: list[dict[str, Any]] = []
STAFF: dict[str, int | str | None] = {"active": 0, "invited": 0, "since": None}
VIEW: dict[str, Any] = {}
NEED, ACCESS, COMPANY = (str(uuid4()) for _ in range(3))


def step(name: str, done: bool | None = False, **more: Any) -> dict[str, Any]:
    known = {"asked_of": "notifications"} if done is None else {"done": done}
    return {"step": name, "needed": True, **known, **more}


def view(**more: Any) -> dict[str, Any]:
    """As `tests/providers/test_onboarding.py` has it of the directory."""
    return {
        "id": str(KEY), "provider": str(PROVIDER), "name": "Clay Shed", "tier": 2,
        "hub": "bradford",
        "state": "going-on", "begun": "2026-11-01T10:00:00.000Z", "begun_by": "loading",
        "last": "2026-11-01T10:00:00.000Z", "days": 0, "stuck": False, "listed": False, "acts": [],
        "reach_email": "hi@clay.example",
        "steps": [
            step("organisation"), step("listing"), step("evidence", kind="sharing-agreement"),
            step("reached", None), step("verified", None), step("staff", None),
            step("closing-days"), step("published"),
        ],
    } | more  # fmt: skip


READY: dict[str, Any] = {
    "listed": True, "service": str(SERVICE),
    "steps": [
        step("organisation", True, at="2026-11-02T10:00:00.000Z", by="loading"),
        step("listing", True), step("evidence", True, kind="sharing-agreement", seen="2026-11-03",
                                    expires="2027-11-03"),
        step("reached", None), step("verified", None), step("staff", None),
        step("closing-days", True, without=True, words="Open <all> year"), step("published", True),
    ],
}  # fmt: skip
CHECKED: dict[str, Any] = {
    "id": str(uuid4()), "means": "email", "address": "hi@clay.example", "role": "requests",
    "active": True, "verified_by_hub": True, "label": "", "preferences": {}, "wishes": {},
    "service": None,
}  # fmt: skip


@trial.get("/directory/onboardings")
def onboardings(page: int, state: str) -> dict[str, Any]:
    """The hub's list."""
    states = {"going-on": 1, "on-hold": 0, "given-up": 0, "done": 0}
    row = VIEW | {"done": 1, "needed": 4, "next": VIEW["steps"][0], "stuck": True, "days": 16}
    return {
        "contents": [row] if state == "going-on" else [], "states": states, "page_number": page,
        "first_page": page == 1, "last_page": page == 3, "total_items": 1,
    }  # fmt: skip


@trial.get("/directory/onboardings/own")
def own() -> dict[str, Any]:
    """What is missing of one's own."""
    return {"contents": [VIEW]}


@trial.get("/directory/onboardings/{key}")
def onboarding(key: UUID) -> Response:
    """One of them."""
    return JSONResponse(VIEW) if key == KEY else JSONResponse({"title": "No"}, 404)


@trial.api_route("/directory/onboardings{rest:path}", methods=["POST", "PUT"])
@trial.api_route("/directory/organizations/{rest:path}", methods=["PUT"])
@trial.api_route("/directory/services/{rest:path}", methods=["PUT"])
@trial.api_route("/notifications/contacts/{rest:path}", methods=["PUT"])
async def changed(rest: str, request: Request) -> Response:
    """Whatever is changed."""
    said = await request.body()
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    SENT.append((request.method, path, await request.json() if said else None))
    return REFUSES.pop() if REFUSES else JSONResponse({"id": str(KEY)})


@trial.get("/notifications/contacts/{party}")
def contacts(party: str) -> Response:
    """How a party is reached."""
    if "notifications" in AWAY:
        return Response(status_code=503)
    return JSONResponse({"contacts": CONTACTS})


@trial.get("/directory/vocabulary")
def vocabulary() -> dict[str, Any]:
    """A term of each kind that the form asks for."""
    need = {"id": NEED, "code": "loneliness", "name": "Loneliness"}
    access = {"id": ACCESS, "code": "step-free", "name": "Step-free"}
    company = {"id": COMPANY, "code": "women", "name": "Women only"}
    said = {"need": need, "access": access, "company": company}
    return {"contents": [{"code": code, "terms": [term]} for code, term in said.items()]}


@trial.get("/directory/postcodes/{postcode}")
def postcode(postcode: str) -> dict[str, float]:
    """Where it is."""
    return {"latitude": 53.8, "longitude": -1.7}


@trial.get(f"/directory/organizations/{PROVIDER}")
def group() -> dict[str, Any]:
    """A listed group with two services."""
    return {"name": "Clay Shed", "services": [{"id": str(SERVICE), "name": "A"},
                                              {"id": str(uuid4()), "name": "B"}]}  # fmt: skip


# Before what other tests of the pages answer to everything.
trial.routes.sort(key=lambda route: route.endpoint.__module__ != __name__)  # type: ignore[attr-defined]


def issuer(request: httpx.Request) -> httpx.Response:
    """How many can sign in, as `tests/identity/test_people_api.py` has it; and who did what."""
    if "identity" in AWAY:
        return httpx.Response(503)
    named = request.url.path.endswith("/names")
    return httpx.Response(200, json={"names": {}} if named else STAFF)


@pytest.fixture(autouse=True)
def clean(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    http = httpx.AsyncClient(transport=httpx.MockTransport(issuer), base_url=pages.url)
    monkeypatch.setitem(pages.portal.state.apis._by_path, "identity", http)
    for each in (SENT, REFUSES, AWAY, CONTACTS):
        each.clear()
    STAFF.update({"active": 0, "invited": 0, "since": None})
    VIEW.clear()
    VIEW.update(view())


def key_of(text: str) -> str:
    return text.partition('name="key" value="')[2].partition('"')[0]


def opened(pages: Pages, path: str, role: str = "hub-coordinator") -> tuple[Any, Any]:
    http = pages.browser()
    page = pages.come(http, pages.person(role), path)
    assert page.status_code == 200, page.text
    assert faults(page.text) == []
    return http, page


def test_the_list_has_the_stuck_ones_as_the_directory_sorts_them(pages: Pages):
    _, page = opened(pages, "/hub/onboarding?page=2")
    assert "Nothing for 16 days" in page.text
    assert "1 of 4 steps" in page.text
    assert "Next: The group is on the list" in page.text
    assert "page=1" in page.text
    assert "page=3" in page.text


@pytest.mark.parametrize(
    ("more", "at", "button"),
    [
        ({}, f"{PAGE}/organisation", "List the group"),
        ({"listed": True, "steps": [step("organisation", True), step("listing")]},
         f"{PAGE}/listing", "Write down the first service"),
        (READY, f"{PAGE}/contact", "Note how they want to be asked"),
    ],
)  # fmt: skip
def test_the_next_step_is_one_button(pages: Pages, more: dict[str, Any], at: str, button: str):
    VIEW.update(more)
    _, page = opened(pages, PAGE)
    assert page.text.count('role="button"') == 1
    first = page.text.partition('role="button"')
    assert f'href="{at}"' in first[0][-200:] + first[2][:200]
    assert button in first[2][:300]


def test_what_other_services_know_is_asked_of_them(pages: Pages):
    VIEW.update(READY)
    CONTACTS.append(CHECKED)
    STAFF.update({"active": 2, "invited": 1, "since": "2026-11-05T10:00:00+00:00"})
    http, page = opened(pages, PAGE)
    assert page.text.count("nhsuk-tag--green") == 8
    assert "2 can sign in now, 1 invited" in page.text
    assert "Open &lt;all&gt; year" in page.text
    assert "counts until 3 November 2027" in page.text
    assert "Missing" not in page.text
    answer = http.post(f"{PAGE}/finish", data={"key": key_of(page.text)})
    assert answer.headers["location"] == f"{PAGE}?done=finish"
    assert [("POST", f"{AT}/finish", None)] == SENT


def test_a_contact_that_is_switched_off_or_for_something_else_does_not_count(pages: Pages):
    VIEW.update(READY)
    listed = CHECKED | {"source": "listing", "verified_by_hub": False}
    CONTACTS.extend([CHECKED | {"active": False}, CHECKED | {"role": "team"}, listed])
    _, page = opened(pages, PAGE)
    assert "Note how they want to be asked" in page.text


@pytest.mark.parametrize("away", ["notifications", "identity"])
def test_what_cannot_be_asked_is_said_and_nothing_can_be_finished(pages: Pages, away: str):
    VIEW.update(READY)
    CONTACTS.append(CHECKED)
    STAFF.update({"active": 1})
    AWAY.add(away)
    _, page = opened(pages, PAGE)
    assert "Some things cannot be told just now" in page.text
    assert "Cannot be told just now" in page.text
    assert "/finish" not in page.text


def test_what_a_tier_does_not_need_holds_nothing_up(pages: Pages):
    ours = [each for each in READY["steps"] if each["step"] != "evidence"]
    named = ("reached", "verified", "staff")
    VIEW.update(READY | {"tier": 1, "steps": [
        each | {"needed": each["step"] not in named} for each in ours]})  # fmt: skip
    AWAY.add("notifications")
    _, page = opened(pages, PAGE)
    assert page.text.count("Not needed") == 3
    assert "/finish" in page.text


def test_evidence_that_ran_out_is_the_next_step(pages: Pages):
    lapsed = step("evidence", False, kind="checks", seen="2024-01-01", expires="2025-01-01")
    VIEW.update(READY | {"tier": 3, "steps": [*READY["steps"][:2], lapsed]})
    _, page = opened(pages, PAGE)
    assert "Ran out" in page.text
    assert f'href="{PAGE}/evidence"' in page.text


def test_what_waits_is_made_public_where_changes_are_agreed_to(pages: Pages):
    waits = {"waits": {"number": 3, "state": "draft"}}
    VIEW.update(READY | waits | {"steps": [*READY["steps"][:2], step("published")]})
    _, page = opened(pages, PAGE)
    assert f'href="/hub/approvals/services/{SERVICE}/3"' in page.text


def test_a_group_is_added_by_its_name(pages: Pages):
    http, page = opened(pages, "/hub/onboarding/new")
    empty = send(http, page, reach_email="x")
    assert empty.status_code == 422
    assert faults(empty.text) == []
    assert "Type its name" in empty.text
    assert "Choose what people shall be able to do" in empty.text
    assert 'value="x"' in empty.text
    answer = send(http, page, name="Clay Shed", tier="2", place="The mill")
    assert answer.headers["location"] == f"{PAGE}?done=begun"
    body = {"name": "Clay Shed", "tier": 2, "place": "The mill", "reach_email": None,
            "reach_phone": None}  # fmt: skip
    assert [("POST", "/directory/onboardings", body)] == SENT


def test_the_same_form_sent_twice_begins_once(pages: Pages):
    http, page = opened(pages, "/hub/onboarding/new")
    first = send(http, page, name="Clay Shed", tier="2")
    again = send(http, page, name="Clay Shed", tier="2")
    assert first.headers["location"] == again.headers["location"]
    assert len(SENT) == 1


def test_what_the_directory_refuses_is_said_at_its_field(pages: Pages):
    http, page = opened(pages, "/hub/onboarding/new")
    problem = {"title": "No", "detail": "It is listed already.", "element": "name"}
    REFUSES.append(JSONResponse(problem, 409))
    answer = send(http, page, name="Clay Shed", tier="2")
    assert answer.status_code == 422
    assert 'href="#name"' in answer.text
    assert "It is listed already" in answer.text


def test_a_listed_group_begins_from_its_page(pages: Pages):
    http, page = opened(pages, f"/hub/onboarding/new?provider={PROVIDER}")
    assert "Bring in Clay Shed" in page.text
    send(http, page, tier="3", service=str(SERVICE))
    ((_, _, body),) = SENT
    assert (body["provider"], body["service"]) == (str(PROVIDER), str(SERVICE))
    assert "name" not in body


def test_the_group_is_listed_under_the_id_that_was_kept_for_it(pages: Pages):
    http, page = opened(pages, f"{PAGE}/organisation")
    assert "hi@clay.example" in page.text
    send(http, page, name="Clay Shed", description="Clay & tea", website="")
    ((method, path, body),) = SENT
    assert (method, path) == ("PUT", f"/directory/organizations/{PROVIDER}")
    assert body["kersey"] == {"hub": "bradford"}
    assert "website" not in body


def test_the_first_service_is_kept_as_a_draft(pages: Pages):
    VIEW.update(listed=True)
    http, page = opened(pages, f"{PAGE}/listing")
    half = send(http, page, name="Clay", ask_by="phone", city="Shipley")
    assert half.status_code == 422
    assert "Type the postcode" in half.text
    assert faults(half.text) == []
    answer = send(
        http, page, name="Clay", ask_by="phone", needs=NEED, access=ACCESS, byday="TU",
        opens_at="10.30", address_1="1 Mill St", city="Shipley", postal_code="BD18 3QQ",
        state_province="West Yorkshire", company=COMPANY, minimum_age="18", maximum_age="65",
    )  # fmt: skip
    assert answer.headers["location"] == f"{PAGE}?done=written"
    ((_, path, body),) = SENT
    assert path == f"/directory/services/{uuid5(KEY, 'service')}?draft=true"
    assert body["kersey"] == {"ask_by": "phone"}
    assert body["attributes"] == [
        {"taxonomy_term_id": COMPANY, "link_type": "company"},
        {"taxonomy_term_id": NEED, "link_type": "need"},
    ]
    assert (body["minimum_age"], body["maximum_age"]) == (18, 65)
    place = body["service_at_locations"][0]["location"]
    assert (place["latitude"], place["attributes"][0]["taxonomy_term_id"]) == (53.8, ACCESS)
    assert body["schedules"][0]["byday"] == "TU"


def test_a_service_at_no_place_has_none(pages: Pages):
    VIEW.update(listed=True)
    http, page = opened(pages, f"{PAGE}/listing")
    send(http, page, name="Clay online", ask_by="email", access=ACCESS)
    ((_, _, body),) = SENT
    assert body["service_at_locations"] == []
    assert body["attributes"][0]["taxonomy_term_id"] == ACCESS


def day(name: str, *parts: str) -> dict[str, str]:
    named = zip(("day", "month", "year"), parts, strict=True)
    return {f"sharing-agreement-{name}-{part}": value for part, value in named}


SEEN, UNTIL = day("seen", "3", "11", "2026"), day("expires", "3", "11", "2027")


def test_evidence_is_noted_with_its_days(pages: Pages):
    VIEW.update(READY)
    http, page = opened(pages, f"{PAGE}/evidence")
    assert 'value="2027"' in page.text
    send(http, page, **SEEN, **UNTIL)
    paper = {"kind": "sharing-agreement", "seen": "2026-11-03", "expires": "2027-11-03"}
    assert [("PUT", f"{AT}/evidence", {"evidence": [paper]})] == SENT


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (day("seen", "3", "11", "2099"), "This day has not come yet"),
        (day("seen", "3", "13", "2026"), "There is a problem"),
        (SEEN | day("expires", "2", "11", "2026"), "It would run out before you saw it"),
        (UNTIL, "Type the day on which you saw it"),
    ],
)
def test_days_that_cannot_be_are_said_at_their_field(
    pages: Pages, typed: dict[str, str], words: str
):
    VIEW.update(READY)
    http, page = opened(pages, f"{PAGE}/evidence")
    answer = send(http, page, **typed)
    assert answer.status_code == 422
    assert words in answer.text
    assert faults(answer.text) == []
    assert SENT == []


def test_an_address_is_kept_with_notifications_and_once(pages: Pages):
    VIEW.update(READY)
    http, page = opened(pages, f"{PAGE}/contact")
    assert 'value="hi@clay.example"' in page.text
    answer = send(http, page, means="phone", address="", checked="yes")
    assert "Type the address or the number" in answer.text
    send(http, page, means="phone", address="01632 960417", checked="yes")
    body = {"means": "phone", "address": "01632 960417", "verified_by_hub": True}
    contact = uuid5(KEY, "contact")
    assert [("PUT", f"/notifications/contacts/{PROVIDER}/{contact}", body)] == SENT


def test_an_address_that_is_known_is_checked_and_keeps_the_rest(pages: Pages):
    VIEW.update(READY)
    known = CHECKED | {"verified_by_hub": False, "wishes": {"language": "pl"}, "label": "Desk"}
    CONTACTS.append(known)
    http, page = opened(pages, f"{PAGE}/contact")
    send(http, page, means="email", address="hi@clay.example", checked="yes")
    ((_, path, body),) = SENT
    assert path.endswith(str(known["id"]))
    assert (body["wishes"], body["label"], body["verified_by_hub"]) == (
        {"language": "pl"}, "Desk", True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("do/notes", "notes"), ("do/hold", "hold"), ("do/give-up", "give-up"),
        ("without/staff", "without"), ("without/closing-days", "without"),
    ],
)  # fmt: skip
def test_words_are_asked_for_and_kept(pages: Pages, path: str, sent: str):
    VIEW.update(READY)
    http, page = opened(pages, f"{PAGE}/{path}")
    assert send(http, page).status_code == 422
    send(http, page, words="They begin in spring")
    ((_, at, body),) = SENT
    assert at == f"{AT}/{sent}"
    assert body["words"] == "They begin in spring"


def test_what_was_given_up_can_only_be_taken_up_again(pages: Pages):
    act = {"what": "given-up", "at": "2026-11-09T10:00:00.000Z", "by": "x", "words": "<b>Closed"}
    VIEW.update(READY | {"state": "given-up", "acts": [act]})
    http, page = opened(pages, PAGE)
    assert "&lt;b&gt;Closed" in page.text
    assert 'role="button"' not in page.text
    answer = http.post(f"{PAGE}/resume", data={"key": key_of(page.text)})
    assert answer.headers["location"] == f"{PAGE}?done=resume"


def test_another_hubs_is_not_there(pages: Pages):
    http, page = opened(pages, PAGE)
    other = f"/hub/onboarding/{uuid4()}"
    for path in ("", "/organisation", "/listing", "/evidence", "/contact", "/change", "/do/hold"):
        assert http.get(other + path).status_code == 404, path
        if path:
            sent = http.post(other + path, data={"key": key_of(page.text), "words": "x"})
            assert sent.status_code == 404, path
    assert SENT == []


@pytest.mark.parametrize("role", ["provider-manager", "provider-staff"])
def test_a_groups_own_staff_see_what_is_missing_from_them(pages: Pages, role: str):
    CONTACTS.append(CHECKED)
    http, page = opened(pages, "/still-missing", role)
    assert "Show your hub the agreement that you signed" in page.text
    manages = role == "provider-manager"
    assert (f"/closing-days/{PROVIDER}" in page.text) is manages
    assert ("Your manager can see this" in page.text) is not manages
    VIEW.update(state="on-hold")
    assert "put this on hold" in http.get("/still-missing").text
