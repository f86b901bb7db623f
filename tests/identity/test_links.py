"""Signing in by a link in place of a password, for provider staff; and recovery codes kept."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pyotp
import pytest
from sqlalchemy import select, update

from services.identity.people import accounts
from services.identity.people.accounts import Newcomer, Place
from services.identity.people.locking import LINK
from services.identity.tables.people import sign_in_try
from services.identity.tables.signing_in import sign_in_link
from shared.database import UnitOfWork
from tests.identity.people import HUB, House, Person, Visit, returned

SLOW_STITCH = uuid4()


@pytest.fixture(autouse=True)
def calm(house: House) -> None:
    """Nobody asked before."""
    with UnitOfWork(house.engine) as uow:
        uow.session.connection().execute(sign_in_try.delete())
        uow.commit()


def stitcher(house: House, *role: str) -> Person:
    held = role or ("provider-staff",)
    return house.person(places=[(SLOW_STITCH, "Slow Stitch", held)])


def ask(visit: Visit, email: str) -> str:
    """Ask for a link on the sign-in page; the page that is shown then."""
    answer = visit.send(visit.authorize(scope=None), "/sign-in/link", email=email)
    assert answer.status_code == 303, answer.text
    return visit.http.get(answer.headers["location"]).text


def mailed(house: House, mails: int) -> str:
    """The address in the newest mail, once it has come."""
    until = time.monotonic() + 20
    while len(house.mails()) <= mails:
        assert time.monotonic() < until, "no mail came"
        time.sleep(0.01)
    found = re.search(r"/identity(/sign-in/link/\S+)", house.mails()[-1])
    assert found is not None
    return found[1]


def press(visit: Visit, link: str) -> int:
    """Open a link and press its button; the status of the answer."""
    page = visit.http.get(f"/identity{link}")
    return visit.send(page, link).status_code if page.status_code == 200 else page.status_code


def asked(house: House, person: Person) -> tuple[Visit, str]:
    """A browser that asked for a link, and the link."""
    visit, mails = house.visit(), len(house.mails())
    ask(visit, person.email)
    return visit, mailed(house, mails)


def test_a_link_and_a_code_lead_on_to_the_client(house: House):
    person = stitcher(house)
    visit, link = asked(house, person)
    assert press(visit, link) == 303
    code = visit.http.get("/identity/sign-in/code")
    answer = visit.send(code, "/sign-in/code", code=person.code())
    token = visit.exchange(returned(answer)["code"]).json()["access_token"]
    assert visit.active(token)
    assert "by a link and a code" in visit.http.get("/identity/account").text
    assert press(house.visit(), link) == 410, "a link is good once"


def test_a_link_alone_opens_nothing(house: House):
    visit, link = asked(house, stitcher(house))
    press(visit, link)
    assert visit.http.get("/identity/account").headers["location"].endswith("/sign-in")
    page = visit.http.get("/identity/sign-in/code")
    assert visit.send(page, "/sign-in/code", code="000000").status_code == 422


def test_what_only_looks_at_a_link_leaves_it_whole(house: House):
    visit, link = asked(house, stitcher(house))
    for _ in range(3):
        looked = house.browser().get(f"/identity{link}")
        assert looked.status_code == 200
        assert "Sign in</h1>" in looked.text
    assert press(visit, link) == 303


def test_in_another_browser_the_clients_request_does_not_go_on(house: House):
    """Or somebody could have another finish the sign-in that they began."""
    person = stitcher(house)
    _, link = asked(house, person)
    phone = house.visit()
    assert press(phone, link) == 303
    answer = phone.send(
        phone.http.get("/identity/sign-in/code"), "/sign-in/code", code=person.code()
    )
    assert answer.headers["location"].endswith("/identity/account")


@pytest.mark.parametrize(
    "roles",
    [
        ("link-worker",),
        ("provider-staff", "link-worker"),
        ("administrator",),
        ("hub-coordinator", "provider-manager"),
    ],
)
def test_only_whoever_works_for_providers_alone_gets_a_link(house: House, roles: tuple[str, ...]):
    other, stranger = stitcher(house, *roles), f"{uuid4().hex}@nowhere.example"
    disabled = house.person(places=[(HUB, "Hub", ("provider-staff",))], state="disabled")
    mails = len(house.mails())
    emails = (other.email, stranger, disabled.email, stitcher(house).email)
    told = [re.sub(r'value="[^"]*"', "", ask(house.visit(), email)) for email in emails]
    assert len(set(told)) == 1, "the answer tells who has an account"
    mailed(house, mails)
    assert len(house.mails()) == mails + 1


def test_asking_is_slowed_for_every_address_alike(house: House):
    for email in (stitcher(house).email, f"{uuid4().hex}@nowhere.example"):
        visit = house.visit()
        for _ in range(LINK.free + 1):
            ask(visit, email)
        answer = visit.send(visit.authorize(), "/sign-in/link", email=email.upper())
        assert answer.status_code == 429
        assert "Wait 5 minutes" in answer.text


def test_a_link_is_over_in_time_and_when_the_account_changes(house: House):
    for change in ("time", "roles", "disabled"):
        person = stitcher(house)
        visit, link = asked(house, person)
        with UnitOfWork(house.engine) as uow:
            if change == "time":
                past = datetime.now(UTC) - timedelta(seconds=1)
                this = sign_in_link.c.account == person.id
                uow.session.connection().execute(
                    update(sign_in_link).where(this).values(expires=past)
                )
            elif change == "roles":
                place = Place(HUB, "Bradford hub")
                accounts.change_roles(uow, person.id, place, ("team-lead",), by="test")
            else:
                accounts.disable(uow, person.id, by="test")
            uow.commit()
        assert press(visit, link) == 410, change


def test_a_form_of_another_page_sends_and_uses_nothing(house: House):
    visit, link = asked(house, stitcher(house))
    for path in ("/sign-in/link", link):
        answer = house.browser().post(f"/identity{path}", data={"key": "x", "email": "a@b.example"})
        assert answer.status_code == 403
    assert press(visit, link) == 303


def test_nobody_can_read_a_link_from_what_is_kept_or_logged(
    house: House, written: Callable[[], str]
):
    person = stitcher(house)
    visit, link = asked(house, person)
    token = link.rpartition("/")[2]
    with UnitOfWork(house.engine) as uow:
        rows = uow.session.connection().execute(select(sign_in_link)).all()
    assert token not in str(rows)
    press(visit, link)
    said = "".join(line for line in written().splitlines() if "HTTP Request" not in line)
    assert token not in said
    assert person.email not in said


def invited(house: House, *role: str) -> tuple[str, Visit]:
    """Somebody new, who has opened the invitation's link."""
    email = f"{uuid4().hex}@stitch.example"
    with UnitOfWork(house.engine) as uow:
        newcomer = Newcomer(email, "Bo Li", Place(SLOW_STITCH, "Slow Stitch"), role)
        token = accounts.invite(uow, newcomer, by="test", hours=1).token
        uow.commit()
    visit = house.visit()
    visit.http.get(f"/identity/invitation/{token}")
    return email, visit


def app_of(visit: Visit) -> str:
    """The secret that the page shows to an app."""
    page = visit.http.get("/identity/invitation/app").text
    found = re.search(r'kersey-key"><code>([A-Z2-7 ]+)<', page)
    assert found is not None
    return found[1].replace(" ", "")


def test_provider_staff_can_do_without_a_password(house: House):
    email, visit = invited(house, "provider-manager")
    page = visit.http.get("/identity/invitation")
    assert "I do not want a password" in page.text
    assert visit.send(page, "/invitation/no-password").status_code == 303
    secret = app_of(visit)
    page = visit.http.get("/identity/invitation/app")
    visit.send(page, "/invitation/app", code=pyotp.TOTP(secret).now())
    page = visit.http.get("/identity/account/recovery-codes")
    visit.send(page, "/account/recovery-codes/kept")
    again, link = asked(house, Person(uuid4(), email, secret))
    assert press(again, link) == 303
    code = Person(uuid4(), email, secret, steps=2).code()
    answer = again.send(again.http.get("/identity/sign-in/code"), "/sign-in/code", code=code)
    assert returned(answer)["code"]
    guessing = house.visit()
    wrong = guessing.send(guessing.authorize(), "/sign-in", email=email, password="")
    assert wrong.status_code == 422
    wrong = guessing.send(guessing.authorize(), "/sign-in", email=email, password="anything at all")
    assert wrong.status_code == 422


def test_whoever_sees_cases_of_a_team_needs_a_password(house: House):
    _, visit = invited(house, "link-worker")
    page = visit.http.get("/identity/invitation")
    assert "I do not want a password" not in page.text
    assert visit.send(page, "/invitation/no-password").status_code == 410


def test_recovery_codes_are_shown_until_they_were_kept(house: House):
    """A second press, a reload or a lost page loses none: enrolling cannot be done once more."""
    email, visit = invited(house, "link-worker")
    page = visit.http.get("/identity/invitation")
    visit.send(
        page, "/invitation", password="violin kettle marmalade", again="violin kettle marmalade"
    )
    secret = app_of(visit)
    page = visit.http.get("/identity/invitation/app")
    visit.send(page, "/invitation/app", code=pyotp.TOTP(secret).now())
    shown = [visit.http.get("/identity/account/recovery-codes").text for _ in range(2)]
    codes = [re.findall(r"<code>([A-Z2-7-]{19})</code>", each) for each in shown]
    assert codes[0] == codes[1]
    assert len(codes[0]) == 10
    person = Person(uuid4(), email, secret, "violin kettle marmalade", steps=2)
    later = house.visit()
    answer = later.signed_in(person)
    assert answer.headers["location"].endswith("/account/recovery-codes"), "they come first"
    page = later.http.get(answer.headers["location"])
    assert codes[0][0] in page.text
    led = later.send(page, "/account/recovery-codes/kept")
    assert returned(led)["code"], "and then the sign-in goes on to its client"
    assert codes[0][0] not in later.http.get("/identity/account/recovery-codes").text
    assert accounts.found(house.engine, email).codes_to_keep is None


def test_lost_recovery_codes_are_made_anew_by_whoever_has_the_app(house: House):
    person, visit = house.person(), house.visit()
    visit.signed_in(person)
    page = visit.http.get("/identity/account/recovery-codes")
    assert "You have no recovery codes left" in page.text
    refused = visit.send(page, "/account/recovery-codes", code="000000")
    assert refused.status_code == 422
    made = []
    for _ in range(2):
        page = visit.http.get("/identity/account/recovery-codes")
        visit.send(page, "/account/recovery-codes", code=person.code())
        page = visit.http.get("/identity/account/recovery-codes")
        made.append(re.findall(r"<code>([A-Z2-7-]{19})</code>", page.text))
        visit.send(page, "/account/recovery-codes/kept")
    for code, status in ((made[0][0], 422), (made[1][0], 303)):
        other = house.visit()
        other.send(other.authorize(), "/sign-in", email=person.email, password=person.password)
        page = other.http.get("/identity/sign-in/code")
        assert other.send(page, "/sign-in/code", code=code).status_code == status
