"""Accounts of people: invitations, second factors, waiting after wrong tries, and ends."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pyotp
import pytest
from pydantic import ValidationError
from sqlalchemy import func, select, update

from services.identity.app import DemoClientsInProduction, create_app
from services.identity.people import accounts, locking, roles
from services.identity.people.accounts import AccountRefused, Newcomer, Place
from services.identity.people.known_browsers import KnownBrowsers
from services.identity.people.locking import ACCOUNT, Locked, Tries
from services.identity.people.passwords import TooWeak, check_strength, hash_password, is_right
from services.identity.people.second_factor import hash_recovery_code, step_of
from services.identity.people.secret_keys import SecretKeys
from services.identity.tables import Invitation, PersonAccount, RecoveryCode
from services.identity.tables.people import invitation, sign_in_try
from services.identity.tables.signing_in import identity_session
from shared.database import UnitOfWork
from tests.identity.people import AFTER, HUB, House, Person, Visit

PLACE = Place(HUB, "Bradford hub")
CHOSEN = "violin kettle marmalade"
WRONG = "The e-mail address or the password is not right"


@contextmanager
def work(house: House) -> Iterator[UnitOfWork]:
    with UnitOfWork(house.engine) as uow:
        yield uow
        uow.commit()


def invited(house: House, *role: str) -> tuple[str, str]:
    """Somebody new, and the link's token."""
    email = f"{uuid4().hex}@team.example"
    with work(house) as uow:
        made = accounts.invite(
            uow, Newcomer(email, "Bo Li", PLACE, role or ("link-worker",)), by="test", hours=72
        )
    return email, made.token


def enrol(visit: Visit, token: str, password: str = CHOSEN) -> tuple[str, list[str]]:
    """Take up an invitation; the app's secret, and the recovery codes."""
    opened = visit.http.get(f"/identity/invitation/{token}")
    assert opened.status_code == 303, opened.text
    page = visit.http.get(opened.headers["location"])
    answer = visit.send(page, "/invitation", password=password, again=password)
    assert answer.status_code == 303, answer.text
    page = visit.http.get(answer.headers["location"])
    assert "<svg" in page.text
    secret = re.search(r'kersey-key"><code>([A-Z2-7 ]+)<', page.text)
    assert secret is not None
    plain = secret[1].replace(" ", "")
    answer = visit.send(page, "/invitation/app", code=pyotp.TOTP(plain).now())
    assert answer.status_code == 303, answer.text
    page = visit.http.get(answer.headers["location"])
    visit.send(page, "/account/recovery-codes/kept")
    return plain, re.findall(r"<code>([A-Z2-7-]{19})</code>", page.text)


def test_who_is_invited_sets_a_password_and_an_app_and_is_signed_in(house: House):
    email, token = invited(house)
    visit = house.visit()
    secret, codes = enrol(visit, token)
    assert len(set(codes)) == 10
    assert "Your sign-ins" in visit.http.get("/identity/account").text
    assert accounts.found(house.engine, email).state == "active"
    person = Person(uuid4(), email, secret, CHOSEN, steps=2)
    assert house.visit().code(person)
    for used in (token, "guessed"):
        over = house.browser().get(f"/identity/invitation/{used}")
        assert over.status_code == 410
        assert "This link does not work" in over.text


def test_opening_an_invitation_does_not_use_it_up(house: House):
    _, token = invited(house)
    for _ in range(2):
        assert house.browser().get(f"/identity/invitation/{token}").status_code == 303
    enrol(house.visit(), token)


def test_two_who_opened_one_invitation_cannot_both_take_it_up(house: House):
    _, token = invited(house)
    first, second = house.visit(), house.visit()
    page = second.http.get(second.http.get(f"/identity/invitation/{token}").headers["location"])
    enrol(first, token)
    answer = second.send(page, "/invitation", password=CHOSEN, again=CHOSEN)
    assert "Sign in</h1>" in second.http.get(answer.headers["location"]).text


def test_an_invitation_expires_and_only_the_newest_works(house: House):
    email, token = invited(house)
    with work(house) as uow:
        row = accounts.found(house.engine, email)
        newer = accounts.invite_again(uow, row.id, by="test", hours=1).token
    assert house.browser().get(f"/identity/invitation/{token}").status_code == 410
    with work(house) as uow:
        past = datetime.now(UTC) - timedelta(seconds=1)
        uow.session.connection().execute(
            update(Invitation).where(invitation.c.account == row.id).values(expires=past)
        )
    assert house.browser().get(f"/identity/invitation/{newer}").status_code == 410


def test_inviting_again_sets_both_factors_anew_and_ends_what_was(house: House):
    person, visit = house.person(), house.visit()
    tokens = visit.tokens(person)
    with work(house) as uow:
        token = accounts.invite_again(uow, person.id, by="test", hours=1).token
    assert visit.active(tokens["access_token"]), "until it is taken up, nothing changes"
    enrol(house.visit(), token)
    assert not visit.active(tokens["access_token"])
    assert visit.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    page = visit.authorize()
    answer = visit.send(page, "/sign-in", email=person.email, password=person.password)
    assert WRONG in answer.text


def test_a_code_is_good_once(house: House):
    person = house.person()
    visit = house.visit()
    code = person.code()
    person.steps = 0
    visit.signed_in(person)
    other = house.visit()
    page = other.authorize()
    other.send(page, "/sign-in", email=person.email, password=person.password)
    page = other.http.get("/identity/sign-in/code")
    again = other.send(page, "/sign-in/code", code=code)
    assert again.status_code == 422
    assert "it was used already" in again.text


def test_a_recovery_code_is_good_once(house: House):
    person = house.person()
    with work(house) as uow:
        uow.session.add(
            RecoveryCode(account=person.id, code_hash=hash_recovery_code("ABCD-EFGH-IJKL-MNOP"))
        )
    for status in (303, 422):
        visit = house.visit()
        page = visit.authorize()
        visit.send(page, "/sign-in", email=person.email, password=person.password)
        page = visit.http.get("/identity/sign-in/code")
        answer = visit.send(page, "/sign-in/code", code="abcd efgh ijkl mnop")
        assert answer.status_code == status
    outcomes = [each.outcome for each in accounts.sign_ins(house.engine, person.id)]
    assert outcomes == ["wrong-code", "recovery-code"]


@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_a_clock_may_be_a_step_apart_and_no_more(shift: int):
    secret, now = pyotp.random_base32(), 1_700_000_000
    code = pyotp.TOTP(secret).at(now + shift * 30)
    step = step_of(secret, f" {code[:3]} {code[3:]} ", after=None, now=now)
    assert step == now // 30 + shift
    assert step_of(secret, code, after=step, now=now) is None
    assert step_of(secret, pyotp.TOTP(secret).at(now + 90), after=None, now=now) is None


def test_the_address_of_an_account_is_one_whatever_its_letters(house: House):
    person = house.person()
    again = Newcomer(person.email.upper(), "Bo Li", PLACE, ("link-worker",))
    with UnitOfWork(house.engine) as uow, pytest.raises(AccountRefused, match="already"):
        accounts.invite(uow, again, by="test", hours=1)
    loud = Person(person.id, person.email.upper(), person.secret)
    assert house.visit().code(loud)


@pytest.mark.parametrize(
    ("email", "role", "fault"),
    [
        ("no address", ("link-worker",), "no e-mail address"),
        ("a@b.example", ("king",), "there is no role"),
        ("a@b.example", ("administrator", "link-worker"), "goes with no other role"),
    ],
)
def test_who_cannot_be_invited(house: House, email: str, role: tuple[str, ...], fault: str):
    with UnitOfWork(house.engine) as uow, pytest.raises(AccountRefused, match=fault):
        accounts.invite(uow, Newcomer(email, "Bo Li", PLACE, role), by="test", hours=1)


def test_an_administrator_of_accounts_holds_no_other_role_anywhere(house: House):
    person = house.person("administrator")
    place, alone = Place(uuid4(), "Elsewhere"), "goes with no other role"
    with UnitOfWork(house.engine) as uow, pytest.raises(AccountRefused, match=alone):
        accounts.change_roles(uow, person.id, place, ["link-worker"], by="test")


def test_new_roles_end_what_the_old_ones_gave(house: House):
    person, visit = house.person(), house.visit()
    tokens = visit.tokens(person)
    with work(house) as uow:
        accounts.change_roles(uow, person.id, PLACE, ["researcher"], by="test")
    assert not visit.active(tokens["access_token"])
    assert visit.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert "Sign in</h1>" in Visit(visit.http, house.client).authorize().text


def test_a_disabled_account_ends_at_once_and_is_answered_like_none(house: House):
    person, visit = house.person(), house.visit()
    tokens = visit.tokens(person)
    with work(house) as uow:
        accounts.disable(uow, person.id, by="test")
    assert not visit.active(tokens["access_token"])
    page = visit.authorize()
    answer = visit.send(page, "/sign-in", email=person.email, password=person.password)
    assert (answer.status_code, WRONG in answer.text) == (422, True)
    with work(house) as uow:
        accounts.enable(uow, person.id, by="test")
    person.steps = 2
    assert house.visit().code(person)


def test_signing_out_everywhere_ends_every_browser_and_client(house: House):
    person = house.person()
    first, second = house.visit(), house.visit()
    tokens = first.tokens(person)
    second.signed_in(person)
    page = second.http.get("/identity/account")
    assert "You signed in" in page.text
    answer = second.send(page, "/account/sign-out-everywhere")
    assert answer.headers["location"] == AFTER, "where the client ends what it keeps"
    assert not first.active(tokens["access_token"])
    assert first.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert first.http.get("/identity/account").status_code == 303
    acts = [(each.act, each.by) for each in accounts.acts(house.engine, person.id)]
    assert acts[0] == ("signed-out", str(person.id))


def test_signing_out_of_one_browser_leaves_the_other(house: House):
    person = house.person()
    first, second = house.visit(), house.visit()
    first.signed_in(person)
    second.signed_in(person)
    first.send(first.http.get("/identity/account"), "/account/sign-out")
    assert first.http.get("/identity/account").status_code == 303
    assert second.http.get("/identity/account").status_code == 200


@pytest.mark.parametrize("column", ["seen", "expires"])
def test_a_session_ends_when_it_is_left_alone_and_in_any_case(house: House, column: str):
    person, visit = house.person(), house.visit()
    visit.signed_in(person)
    idle = timedelta(minutes=house.settings.session_idle_minutes)
    past = datetime.now(UTC) - (idle if column == "seen" else timedelta(0))
    with work(house) as uow:
        uow.session.connection().execute(
            update(identity_session)
            .where(identity_session.c.account == person.id)
            .values({column: past})
        )
    assert visit.http.get("/identity/account").status_code == 303


def failing(house: House, email: str) -> list[httpx.Response]:
    visit = house.visit()
    answers = []
    for _ in range(ACCOUNT.free + 2):
        page = visit.http.get("/identity/sign-in")
        answers.append(visit.send(page, "/sign-in", email=email, password="not the password"))
    return answers


@pytest.fixture
def calm(house: House) -> None:
    """No tries from this address before."""
    with work(house) as uow:
        uow.session.connection().execute(sign_in_try.delete())


def test_guessing_costs_waiting_and_tells_nobody_who_has_an_account(house: House, calm: None):
    known, stranger = house.person().email, f"{uuid4().hex}@nowhere.example"
    told = []
    for email in (known, stranger):
        answers = failing(house, email)
        assert [each.status_code for each in answers] == [422] * (ACCOUNT.free + 1) + [429]
        assert "Wait 1 minute" in answers[-1].text
        told.append([re.sub(r'value="[^"]*"', "", each.text) for each in answers])
    assert told[0] == told[1]
    with work(house) as uow:
        kept = uow.session.connection().execute(select(sign_in_try.c.of)).scalars().all()
    assert not any(known in each or stranger in each for each in kept)


def test_the_right_password_does_not_help_while_one_waits(house: House, calm: None):
    person = house.person()
    failing(house, person.email)
    visit = house.visit()
    page = visit.http.get("/identity/sign-in")
    answer = visit.send(page, "/sign-in", email=person.email, password=person.password)
    assert answer.status_code == 429


def test_wrong_codes_are_counted_with_wrong_passwords(house: House, calm: None):
    person, visit = house.person(), house.visit()
    page = visit.http.get("/identity/sign-in")
    visit.send(page, "/sign-in", email=person.email, password=person.password)
    page = visit.http.get("/identity/sign-in/code")
    codes = [visit.send(page, "/sign-in/code", code="000000") for _ in range(ACCOUNT.free + 1)]
    assert codes[-1].status_code == 429
    assert visit.send(page, "/sign-in/code", code=person.code()).status_code == 429


def test_waits_grow_and_end(house: House, calm: None, monkeypatch: pytest.MonkeyPatch):
    tries = Tries(house.engine, SecretKeys(house.settings))
    waits = []
    for _ in range(ACCOUNT.free):
        tries.begin("a@b.example")
    for _ in range(7):
        tries.begin("a@b.example")
        with pytest.raises(Locked) as locked:
            tries.begin("A@B.example")
        waits.append(locked.value.minutes)
        with work(house) as uow:
            uow.session.connection().execute(
                update(sign_in_try).values(until=datetime.now(UTC) - timedelta(seconds=1))
            )
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    tries.succeeded("a@b.example")
    for _ in range(ACCOUNT.free):
        tries.begin("a@b.example")


@pytest.mark.parametrize(
    "spelt", ["a@ex\u00adample.org", "a@ｅxample.org", "A@example。ORG", " a@Example.org"]
)
def test_another_spelling_of_an_address_is_no_new_try(house: House, calm: None, spelt: str):
    tries = Tries(house.engine, SecretKeys(house.settings))
    for _ in range(ACCOUNT.free + 1):
        tries.begin("a@example.org")
    with pytest.raises(Locked):
        tries.begin(spelt)


def test_an_office_that_signs_in_all_day_is_not_held_for_one_that_guesses(
    house: House, calm: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(locking, "ADDRESS", replace(locking.ADDRESS, free=2))
    for _ in range(4):
        assert house.visit().code(house.person())


def test_strangers_who_guess_do_not_keep_somebody_out_of_the_browser_they_use(
    house: House, calm: None
):
    person, known = house.person(), house.visit()
    known.signed_in(person)
    known.http.cookies.delete(house.app.state.front.cookie_name)
    failing(house, person.email)
    stranger = house.visit()
    marks = f"{house.app.state.front.cookie_name}_known"
    stranger.http.cookies.set(marks, "made-up.0000~" + "x" * 3000)
    for visit, status in ((stranger, 429), (known, 303)):
        page = visit.authorize()
        answer = visit.send(page, "/sign-in", email=person.email, password=person.password)
        assert answer.status_code == status
    page = known.http.get("/identity/sign-in/code")
    assert "code=" in known.send(page, "/sign-in/code", code=person.code()).headers["location"]


def test_guessing_in_a_known_browser_costs_waiting_too(house: House, calm: None):
    person, other, visit = house.person(), house.person(), house.visit()
    visit.signed_in(person)
    visit.http.cookies.delete(house.app.state.front.cookie_name)
    codes = []
    for _ in range(ACCOUNT.free + 2):
        page = visit.http.get("/identity/sign-in")
        codes.append(visit.send(page, "/sign-in", email=person.email, password="no").status_code)
    assert codes[-1] == 429
    page = visit.http.get("/identity/sign-in")
    visit.send(page, "/sign-in", email=other.email, password=other.password)
    page = visit.http.get("/identity/sign-in/code")
    assert visit.send(page, "/sign-in/code", code=other.code()).status_code == 303
    known = KnownBrowsers(SecretKeys(house.settings))
    held = visit.http.cookies[f"{house.app.state.front.cookie_name}_known"]
    assert known.mark(held, person.email), "the browser is known for both"
    assert known.mark(held, other.email.upper())
    assert not known.mark(held, house.person().email)


def test_one_address_cannot_try_every_account(
    house: House, calm: None, monkeypatch: pytest.MonkeyPatch
):
    tries = Tries(house.engine, SecretKeys(house.settings))
    for number in range(locking.ADDRESS.free + 1):
        tries.begin(f"{number}@b.example", "192.0.2.7")
    with pytest.raises(Locked):
        tries.begin("another@b.example", "192.0.2.7")
    tries.begin("another@b.example", "192.0.2.8")


def test_an_unknown_account_takes_as_long_as_a_wrong_password():
    kept = hash_password(CHOSEN)
    is_right("warm", None)

    def seconds(hashed: str | None) -> float:
        """Of the processor: what others do on the machine says nothing."""
        best = 9.0
        for _ in range(7):
            before = time.process_time()
            assert not is_right("not it", hashed)
            best = min(best, time.process_time() - before)
        return best

    known, unknown = seconds(kept), seconds(None)
    assert 0.5 < known / unknown < 2
    assert is_right(CHOSEN, kept)


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "password1234",
        "aaaaaaaaaaaaaa",
        "abababababab",
        "amina.khan2026",
        "Kersey2026!!",
        "qwertyuiop12",
        "x" * 201,
    ],
)
def test_what_is_guessed_first_is_no_password(password: str):
    with pytest.raises(TooWeak):
        check_strength(password, of=("amina.khan@team.example", "Amina Khan", "Kersey"))


@pytest.mark.parametrize("password", [CHOSEN, "näher mein schöner 9", "   twelve blanks  x"])
def test_a_long_password_may_be_of_any_signs(password: str):
    check_strength(password, of=("amina.khan@team.example", "Amina Khan", "Kersey"))


def test_a_weak_or_differently_typed_password_is_told_at_its_field(house: House):
    _, token = invited(house)
    visit = house.visit()
    page = visit.http.get(visit.http.get(f"/identity/invitation/{token}").headers["location"])
    answer = visit.send(page, "/invitation", password="short", again="short")
    assert answer.status_code == 422
    assert 'href="#password"' in answer.text
    answer = visit.send(page, "/invitation", password=CHOSEN, again="other")
    assert 'href="#again"' in answer.text
    assert CHOSEN not in answer.text


def test_nothing_secret_is_kept_readable(house: House):
    email, token = invited(house)
    secret, codes = enrol(house.visit(), token)
    with work(house) as uow:
        found = select(func.concat(*PersonAccount.__table__.c)).where(  # type: ignore[attr-defined]
            PersonAccount.email == email  # type: ignore[arg-type]
        )
        kept = str(uow.session.connection().execute(found).scalar_one())
        kept += str(uow.session.connection().execute(select(RecoveryCode.code_hash)).all())  # type: ignore[call-overload]
    assert "$argon2id$" in kept
    assert not [each for each in (secret, CHOSEN, *codes) if each in kept]


def test_a_demo_account_opens_nothing_in_production(house: House):
    person = house.person(demo=True)
    assert house.visit().code(person)
    settings = house.settings.model_copy(update={"environment": "production"})
    app = create_app(settings, engine=house.engine)
    strict = House(app, house.engine, settings, house.client, house.maildir)
    visit = strict.visit()
    page = visit.http.get("/identity/sign-in")
    answer = visit.send(page, "/sign-in", email=person.email, password=person.password)
    assert WRONG in answer.text
    with pytest.raises(DemoClientsInProduction, match="demo accounts are active"), strict.browser():
        pass
    with work(house) as uow:
        accounts.disable(uow, person.id, by="test")
    with strict.browser():
        pass


def test_every_role_has_scopes_that_there_are_and_least_sight():
    from services.identity import grants, scopes

    for role in roles.ROLES.values():
        grants.check(role.scopes, ())
        for scope in role.scopes:
            scopes.parse(scope)
        administers = bool(grants.REGISTERING & set(role.scopes))
        assert administers == (role.alone or role.name == roles.ORGANISATION_ADMINISTRATOR)
        assert not (administers and role.acts_as)
        assert set(role.acts_as) <= set(grants.ROLES)
    assert len(roles.ROLES) == 12
    works = {name for name, role in roles.ROLES.items() if "cases" in role.scopes}
    assert works == {
        "link-worker",
        "team-lead",
        "provider-staff",
        "provider-manager",
        "hub-coordinator",
    }


def test_the_operators_guide_has_the_declared_roles():
    guide = Path(__file__).parents[2] / "docs" / "guides" / "operator.md"
    assert roles.markdown() in guide.read_text("utf-8")


def test_a_session_is_no_longer_than_the_settings_allow():
    from tests.identity.conftest import settings_for

    with pytest.raises(ValidationError):
        settings_for("postgresql://", session_hours=1000)
