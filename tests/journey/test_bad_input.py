"""What nobody should be able to do to the staff's pages: by words, by addresses, by forms."""

import re
from collections import defaultdict
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from playwright.sync_api import Browser, expect

from services.portal.app import create_app
from services.portal.cases.steps import STEPS
from services.portal.settings import PortalSettings
from services.portal.sign_in.doorkeeper import signed_in
from tests.infrastructure.running import Running
from tests.journey.conftest import refer
from tests.journey.naughty import NAUGHTY, is_shown
from tests.journey.pages import Watched, token_of
from tests.journey.visitor import Visitor, hidden
from tests.portal.conftest import Page, check_page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PLAUSIBLE = {
    "reached": "yes",
    "how": "phone",
    "reason": "other",
    "outcome": "completed",
    "stop": "died",
    "stands": "yes",
    "channel": "phone",
    "safe": "yes",
    "code": "bsl",
    "source": "carer",
    "concern": "a worry",
    "decision": "accept",
    "action": "start",
    "day": "1",
    "month": "11",
    "year": "2026",
    "needs": "loneliness",
}
"""Fields of every form, so that none is refused before it is asked whose the case is."""


@pytest.fixture(scope="module")
def lead(running: Running) -> Iterator[Visitor]:
    """The lead of the Bradford link workers."""
    with httpx.Client(base_url=running.url, timeout=120) as http:
        yield Visitor(http, "team-lead")


def _case_of(lead: Visitor, person: str) -> str:
    looked = lead.fill(lead.get("/cases/search"), words=person.split()[1])
    (found,) = set(re.findall(r'href="(/cases/[0-9a-f-]{36})"', looked.text))
    return str(found)


@pytest.fixture
def case(lead: Visitor, referred: str) -> str:
    """The address of a case that the team just got."""
    return _case_of(lead, referred)


@pytest.fixture(scope="module")
def taken_on(running: Running, lead: Visitor) -> str:
    """The address of a case that the team has taken on, for all that only type into its forms."""
    at = _case_of(lead, refer(running))
    lead.fill(lead.get(at))
    return at


def looked_at(page: httpx.Response, *texts: str) -> None:
    """A page that shows each text as it was typed, and makes nothing else of it."""
    assert page.status_code in (200, 422), page.url
    check_page(Page(page))
    assert "alert(" not in re.sub(r">[^<]*<|=\"[^\"]*\"", "", page.text)
    for text in texts:
        assert is_shown(text, page.text), (page.url, text)


def test_naughty_words_are_shown_as_text_wherever_they_were_typed(
    lead: Visitor, taken_on: str
) -> None:
    ways = lead.get(f"{taken_on}/contact-ways")
    for start in range(0, len(NAUGHTY), 4):
        four = NAUGHTY[start : start + 4]
        typed = dict(zip(("value", "times", "words", "keep_from"), four, strict=False))
        looked_at(lead.fill(ways, channel="phone", safe="yes", **typed), *four)
    for start in range(0, len(NAUGHTY), 16):
        many = NAUGHTY[start : start + 16]
        lead.fill(lead.get(f"{taken_on}/find"), matters="\n".join(many))
        looked_at(lead.get(f"{taken_on}/find"), *many)
    for text in NAUGHTY[::4]:
        looked_at(lead.fill(lead.get("/cases/search"), words=text), text)


@pytest.mark.parametrize(
    ("step", "chosen", "field"),
    [
        ("access-needs", {"code": "bsl", "source": "carer"}, "detail"),
        ("stops", {"stop": "restricted", "stands": "no"}, "told_by"),
        ("waiting", {"needs": "loneliness"}, "areas"),
        ("contacts", {"reached": "yes", "how": "phone"}, "minutes"),
        ("gp-worries", {}, "concern"),
    ],
)
def test_a_naughty_word_in_any_other_field_is_text_or_told_at_its_field(
    lead: Visitor, taken_on: str, step: str, chosen: dict[str, str], field: str
) -> None:
    for text in NAUGHTY[:2]:
        looked_at(lead.fill(lead.get(f"{taken_on}/{step}"), **chosen, **{field: text}))


def test_a_service_is_asked_with_naughty_words(lead: Visitor, taken_on: str) -> None:
    found = lead.fill(lead.get(f"{taken_on}/find"), needs="loneliness")
    at = re.search(rf'href="({taken_on}/ask/[^"]+)"', found.text)
    assert at, found.text
    assert "need" not in at[1], "what somebody wants help with stands in no address"
    asked = lead.get(at[1])
    assert re.search(r'value="loneliness"\s+checked', asked.text), "and is filled in all the same"
    text = "\n".join(NAUGHTY[:12])
    check = lead.fill(asked, needs="loneliness", text=text, when=NAUGHTY[4])
    looked_at(check, *NAUGHTY[:12])


def test_words_that_tell_who_it_is_come_back_marked_and_kept(
    lead: Visitor, running: Running
) -> None:
    person = refer(running)
    case = _case_of(lead, person)
    lead.fill(lead.get(case))
    found = lead.fill(lead.get(f"{case}/find"), needs="loneliness")
    (at, *_) = re.findall(rf'href="({case}/ask/[^"?]+)"', found.text)
    family, rest = person.split()[1], "would like company, near BD16 4RP"

    def sent(form: httpx.Response, **typed: str) -> httpx.Response:
        return lead.fill(lead.fill(form, needs="loneliness", **typed))

    named = sent(lead.get(at), text=f"{family} {rest}")
    assert named.status_code == 422
    check_page(Page(named))
    assert f"“{family}” is their name." in named.text
    assert '<a href="#text">' in named.text, "the summary leads to the field"
    assert f"{family} {rest}" in named.text, "and keeps what was typed"

    perhaps = sent(named, text=f"They {rest}")
    assert perhaps.status_code == 422
    assert "“BD16 4RP” looks like a postcode." in perhaps.text
    assert 'name="may_stay" type="checkbox" value="BD16 4RP"' in perhaps.text

    done = sent(perhaps, text=f"They {rest}", may_stay="BD16 4RP")
    assert done.status_code == 200
    assert "Sent. The service is told now" in done.text


def asks_who_it_is(part: Dependant) -> bool:
    """Whether a page is for whoever is signed in."""
    return any(each.call is signed_in or asks_who_it_is(each) for each in part.dependencies)


def addresses(method: str, **ids: str) -> list[str]:
    """Every address of the staff's pages that names something, with these ids, else nobody's."""
    ids |= {"deed": "again", "day": "2026-11-01", "number": "1", "need": "loneliness"}
    settings = PortalSettings(environment="test", database_url="postgresql://not-used")
    routers = [getattr(each, "original_router", None) for each in create_app(settings).routes]
    found = []
    for route in (route for router in routers if router for route in router.routes):
        assert isinstance(route, APIRoute)
        if not asks_who_it_is(route.dependant):
            continue
        if method in (route.methods or ()) and "{" in route.path:
            kind = "services" if route.path.startswith("/hub/approvals") else "organizations"
            named = defaultdict(lambda: str(uuid4()), ids | {"kind": kind})
            steps = STEPS if "{step}" in route.path else ("",)
            found += [route.path.format_map(named | {"step": step}) for step in steps]
    return found


def reached(visitor: Visitor, method: str, path: str) -> int:
    """The status with which an address ends, where whatever it leads to is followed."""
    if method == "GET":
        return visitor.get(path).status_code
    return visitor.force(path, **PLAUSIBLE).status_code


def opened(visitor: Visitor, paths: dict[str, list[str]]) -> list[tuple[str, str, int]]:
    """Of some addresses those that do not say that nothing is there."""
    answers = [(m, path, reached(visitor, m, path)) for m in paths for path in paths[m]]
    # A way of being asked is always one's own: a new one's id comes with the link to its form.
    # Of an announcement that is not there, as of one that has just ended, the list comes again.
    nothing = {403, 404, 410}
    own = ("/how-we-are-asked/", "/announcements/")
    return [each for each in answers if each[2] not in nothing and not each[1].startswith(own)]


def test_nobody_opens_what_is_anothers(
    running: Running, lead: Visitor, manager: Visitor, partner: Visitor, case: str
) -> None:
    """Of another team, of another provider, of a role that works on no case; or of nobody."""
    headers = {"Authorization": f"Bearer {token_of(running, 'provider-2')}"}
    rows = httpx.get(f"{running.url}/referrals/requests", headers=headers, timeout=60).json()
    task, nobody = rows[0]["task"], str(uuid4())
    ids = {"case": case.split("/")[2], "task": task, "service": nobody, "message": nobody}
    for path in addresses("GET", **ids):
        lead.get(path)
    assert ">New<" in re.sub(r"\s", "", lead.get(case).text), "looking changes nothing"
    assert "This is not here" in lead.get(f"{case}/requests/{task}/cancel").text
    paths = {method: addresses(method, **ids) for method in ("GET", "POST")}
    assert len(paths["GET"]) > 20
    for other in (manager, partner):
        assert opened(other, paths) == []
    answers = [f"/requests/{task}/{deed}" for deed in ("answer", "progress", "who")]
    assert set(answers) <= set(paths["POST"])
    assert opened(lead, {"POST": answers}) == [], "nobody answers as a provider"

    form = lead.get(f"{case}/hand-over")
    teams = dict(re.findall(r'<option value="([^"]{36})"[^>]*>([^<]+)<', form.text))
    other = next(team for team, name in teams.items() if "(Bradford)" not in name)
    left = lead.fill(form, team=other, reason="wrong-team")
    assert left.status_code == 200, left.text
    ours = {m: [path for path in paths[m] if path.startswith("/cases/")] for m in paths}
    assert opened(lead, ours) == [], "what was handed over is another team's"


def test_a_forged_form_does_nothing_and_a_form_that_is_sent_twice_does_it_once(
    lead: Visitor, manager: Visitor, case: str
) -> None:
    for key in ("", "made up", manager.key, f".{lead.key.partition('.')[2]}x"):
        forged = lead.http.post(f"{case}/accept", data={"key": key, "form_number": "1"})
        assert forged.status_code == 403
        assert "This was not sent" in forged.text
    assert ">New<" in re.sub(r"\s", "", lead.get(case).text)
    lead.fill(lead.get(case))
    form = hidden(lead.get(f"{case}/contacts").text) | {"reached": "no", "how": "letter"}
    twice = [lead.http.post(f"{case}/contacts", data=form | {"minutes": "77"}) for _ in range(2)]
    assert [each.headers["location"] for each in twice] == [f"{case}?done=contacts"] * 2
    assert lead.get(case).text.count("77 minutes") == 1


def test_every_page_and_its_faults_fit_a_small_phone_and_ask_no_other_host(
    running: Running, lead: Visitor, browser: Browser, taken_on: str
) -> None:
    """Axe looks at them too; one word is as long as a field takes."""
    long = {"value": "W" * 200, "times": "w" * 200, "words": "é" * 200}
    lead.fill(lead.get(f"{taken_on}/contact-ways"), channel="text", safe="no", **long)
    context = browser.new_context(viewport={"width": 320, "height": 640})
    context.add_cookies(lead.cookies)
    tab = Watched(context.new_page(), 320, scripts=True)
    steps = [name for name, step in STEPS.items() if step.fields]
    for path in ("/cases", "/cases/search", taken_on, f"/cases/{uuid4()}", f"{taken_on}/find"):
        tab.page.goto(running.url + path)
        tab.judged()
    for step in steps:
        tab.page.goto(f"{running.url}{taken_on}/{step}")
        tab.judged()
        if any(field.missing for field in STEPS[step].fields):
            tab.click("button", STEPS[step].button)
            expect(tab.page.get_by_role("alert")).to_be_visible()
            expect(tab.page).to_have_title(re.compile("^Error: "))
    context.close()
    assert tab.found == []


def test_nothing_that_was_typed_and_no_name_is_in_the_log(
    running: Running, lead: Visitor, taken_on: str
) -> None:
    name = re.search(r"<h1>(.*?)</h1>", lead.get(taken_on).text)
    assert name
    lead.fill(lead.get(f"{taken_on}/contacts"), reached="yes", how="phone", minutes="<b>12</b>")
    lead.fill(lead.get(f"{taken_on}/gp-worries"), concern="alone <since> June")
    lead.fill(lead.get("/cases/search"), words=name[1])
    log = running.log.read_text("utf-8")
    for text in (name[1].split()[1], "<b>12", "<since>", NAUGHTY[0]):
        assert text not in log
