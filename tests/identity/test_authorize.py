"""The authorization code flow, by the pages as a browser without scripts has them."""

from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest
from joserfc import jwt

from services.identity.app import signing_keys
from shared.auth import TokenVerifier
from tests.identity.people import (
    AFTER,
    CALLBACK,
    HUB,
    House,
    Visit,
    add_portal,
    fields,
    returned,
)


def test_a_person_signs_in_and_the_services_know_who_it_is(house: House):
    person, visit = house.person(), house.visit()
    answer = visit.signed_in(person)
    led = returned(answer)
    assert led["state"] == visit.state
    assert led["iss"] == house.settings.issuer
    tokens = visit.exchange(led["code"]).json()
    assert tokens["scope"] == "openid profile user/*.rs user/Task.u cases directory.read"
    principal = TokenVerifier(house.settings, house.app.state.verifier._keys).verify(
        tokens["access_token"]
    )
    assert principal.subject == str(person.id)
    assert principal.organisation == str(HUB)
    assert principal.roles == {"link-worker"}
    assert "cases" in principal.scopes
    assert principal.name == "Amina Khan"
    assert "Amina" not in repr(principal)
    told = id_claims(house, tokens["id_token"])
    assert told["aud"] == house.client[0]
    assert told["nonce"] == visit.nonce
    assert told["sub"] == str(person.id)
    assert (told["name"], told["organisation_name"]) == ("Amina Khan", "Bradford hub")
    assert "email" not in told, "it was not asked for"
    assert told["amr"] == ["pwd", "otp", "mfa"]


def id_claims(house: House, token: str) -> dict[str, object]:
    keys = signing_keys(house.settings, house.engine)
    return dict(jwt.decode(token, keys.current(), ["RS256"]).claims)


def test_whoever_is_signed_in_is_led_on_without_being_asked(house: House):
    visit = house.visit()
    visit.code(house.person())
    again = Visit(visit.http, house.client)
    assert "code" in returned(again.authorize())
    assert "code" in returned(Visit(visit.http, house.client).authorize(prompt="none"))
    page = Visit(visit.http, house.client).authorize(prompt="login")
    assert "Sign in</h1>" in page.text
    page = Visit(visit.http, house.client).authorize(max_age="0")
    assert page.status_code in (200, 303)


def test_nobody_is_asked_where_the_client_wants_no_question(house: House):
    led = returned(house.visit().authorize(prompt="none"))
    assert led["error"] == "login_required"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://elsewhere.example/"}, "request_uri_not_supported"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"scope": "user/Nothing.rs"}, "invalid_scope"),
        ({"scope": "patient/*.rs"}, "invalid_scope"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"nonce": "n" * 1001}, "invalid_request"),
    ],
)
def test_a_client_is_told_what_is_wrong_with_its_request(
    house: House, given: dict[str, str | None], error: str
):
    visit = house.visit()
    led = returned(visit.authorize(**given))
    assert led["error"] == error
    assert led["state"] == visit.state
    assert led["iss"] == house.settings.issuer


@pytest.mark.parametrize(
    "given",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": f"{CALLBACK}/"},
        {"redirect_uri": f"{CALLBACK}?more=1"},
        {"redirect_uri": "https://portal.example.evil.example/sign-in/callback"},
        {"redirect_uri": "//evil.example/"},
    ],
)
def test_nobody_is_led_to_an_address_that_is_not_registered(
    house: House, given: dict[str, str | None]
):
    answer = house.visit().authorize(**given)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "You cannot sign in from there" in answer.text


def test_a_parameter_that_is_sent_twice_is_refused(house: House):
    visit = house.visit()
    query = str(httpx.QueryParams(visit.request()))
    answer = visit.http.get(f"/identity/authorize?{query}&scope=openid")
    assert returned(answer)["error"] == "invalid_request"
    answer = visit.http.get(f"/identity/authorize?{query}&redirect_uri=https://evil.example/")
    assert answer.status_code == 400


def test_a_token_says_no_more_than_the_role_allows(house: House):
    visit = house.visit()
    wide = "openid user/*.cruds cases directory.write notifications.write people.write"
    tokens = visit.tokens(house.person("provider-staff"), scope=wide)
    assert set(tokens["scope"].split()) == {
        "openid",
        "user/ServiceRequest.rs",
        "user/Task.rus",
        "user/Patient.rs",
        "cases",
    }
    led = returned(house.visit().signed_in(house.person("researcher"), scope="cases"))
    assert led["error"] == "invalid_scope"


def test_what_services_know_a_role_as_is_in_the_token(house: House):
    visit = house.visit()
    tokens = visit.tokens(house.person("team-lead"))
    claims = id_claims(house, tokens["id_token"])
    assert claims["roles"] == ["team-lead", "link-worker"]


def test_a_code_is_good_once_and_a_second_use_ends_what_came_of_it(house: House):
    visit = house.visit()
    code = visit.code(house.person())
    tokens = visit.exchange(code).json()
    assert visit.active(tokens["access_token"])
    second = visit.exchange(code)
    assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")
    assert not visit.active(tokens["access_token"])
    assert visit.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"redirect_uri": "https://portal.example/other"}, "invalid_grant"),
        ({"redirect_uri": ""}, "invalid_request"),
        ({"code": "guessed"}, "invalid_grant"),
    ],
)
def test_a_code_needs_its_verifier_and_its_address(house: House, form: dict[str, str], error: str):
    visit = house.visit()
    given = {"code": visit.code(house.person())} | form
    answer = visit.exchange(given.pop("code"), **given)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_another_client_gets_nothing_for_a_code_or_a_refresh_token(house: House):
    visit = house.visit()
    other = Visit(visit.http, add_portal(house.engine))
    other.verifier = visit.verifier
    code = visit.code(house.person())
    assert other.exchange(code).json()["error"] == "invalid_grant"
    tokens = visit.exchange(code).json()
    assert other.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert visit.refresh(tokens["refresh_token"]).status_code == 200


def test_a_refresh_token_is_good_once_and_a_second_use_ends_the_family(house: House):
    visit = house.visit()
    first = visit.tokens(house.person())
    second = visit.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert "id_token" in second
    stolen = visit.refresh(first["refresh_token"])
    assert stolen.json()["error"] == "invalid_grant"
    assert visit.refresh(second["refresh_token"]).json()["error"] == "invalid_grant"
    assert not visit.active(second["access_token"])


def test_a_refresh_may_ask_for_less_and_never_for_more(house: House):
    visit = house.visit()
    tokens = visit.tokens(house.person())
    refused = visit.refresh(tokens["refresh_token"], scope="openid directory.write")
    assert refused.json()["error"] == "invalid_scope"
    fewer = visit.refresh(tokens["refresh_token"], scope="cases").json()
    assert fewer["scope"] == "cases"


def test_a_client_for_people_gets_nothing_for_itself(house: House):
    answer = house.browser().post(
        "/identity/token", auth=house.client, data={"grant_type": "client_credentials"}
    )
    assert answer.json()["error"] == "unauthorized_client"


def test_revoking_a_refresh_token_ends_the_sign_in(house: House):
    visit = house.visit()
    tokens = visit.tokens(house.person())
    assert visit.active(tokens["refresh_token"])
    form = {"token": tokens["refresh_token"]}
    assert visit.http.post("/identity/revoke", auth=house.client, data=form).status_code == 200
    assert not visit.active(tokens["access_token"])
    assert not visit.active(tokens["refresh_token"])


def test_userinfo_tells_what_the_scope_allows(house: House):
    person, visit = house.person(), house.visit()
    tokens = visit.tokens(person, scope="openid email")
    asked = {"Authorization": f"Bearer {tokens['access_token']}"}
    told = visit.http.get("/identity/userinfo", headers=asked).json()
    assert told["sub"] == str(person.id)
    assert told["email"] == person.email
    assert "name" not in told
    assert visit.http.get("/identity/userinfo").status_code == 401


def test_who_works_for_two_organisations_says_for_which(house: House):
    other = uuid4()
    places = [
        (HUB, "Bradford hub", ("hub-coordinator",)),
        (other, "Slow Stitch", ("provider-staff",)),
    ]
    person, visit = house.person(places=places), house.visit()
    page = visit.signed_in(person)
    assert page.status_code == 200
    assert "Slow Stitch" in page.text
    again = visit.send(page, "/sign-in/organisation", organisation=str(uuid4()))
    assert again.status_code == 422
    led = returned(visit.send(page, "/sign-in/organisation", organisation=str(other)))
    claims = id_claims(house, visit.exchange(led["code"]).json()["id_token"])
    assert claims["organisation"] == str(other)
    assert claims["roles"] == ["provider-staff", "provider"]
    assert "code" in returned(Visit(visit.http, house.client).authorize()), "it is remembered"
    asked = Visit(visit.http, house.client).authorize(prompt="select_account")
    assert "Who are you working for now?" in asked.text


def test_signing_out_at_a_client_ends_its_tokens_and_the_session(house: House):
    visit = house.visit()
    tokens = visit.tokens(house.person())
    query = {
        "id_token_hint": tokens["id_token"],
        "post_logout_redirect_uri": AFTER,
        "state": "s",
    }
    answer = visit.http.get("/identity/end-session", params=query)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{AFTER}?state=s")
    assert not visit.active(tokens["access_token"])
    assert "Sign in</h1>" in Visit(visit.http, house.client).authorize().text


def test_a_strange_page_signs_nobody_out_and_leads_nowhere(house: House):
    visit = house.visit()
    tokens = visit.tokens(house.person())
    asked = {"post_logout_redirect_uri": AFTER, "client_id": house.client[0]}
    page = visit.http.get("/identity/end-session", params=asked)
    assert "Do you want to sign out?" in page.text
    assert visit.active(tokens["access_token"])
    evil = {
        "id_token_hint": tokens["id_token"],
        "post_logout_redirect_uri": "https://evil.example/",
    }
    answer = visit.http.get("/identity/end-session", params=evil)
    assert answer.status_code == 200
    assert "location" not in answer.headers


def test_the_page_may_lead_on_to_the_client_and_nowhere_else(house: House):
    """Chromium holds the redirect that answers a form to `form-action`."""
    page = house.visit().authorize()
    policy = page.headers["content-security-policy"]
    assert "form-action 'self' https://portal.example;" in policy
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "<script" not in page.text
    assert "style=" not in page.text
    plain = house.browser().get("/identity/sign-in").headers["content-security-policy"]
    assert "form-action 'self';" in plain


def test_the_cookie_is_for_this_host_alone_and_changes_when_somebody_signs_in(house: House):
    visit = house.visit()
    page = visit.authorize()
    given = page.headers["set-cookie"]
    assert given.startswith("__Host-kersey_identity=")
    for each in ("HttpOnly", "Secure", "Path=/", "SameSite=lax"):
        assert each in given
    before = visit.http.cookies["__Host-kersey_identity"]
    visit.code(house.person())
    assert visit.http.cookies["__Host-kersey_identity"] != before


def test_a_form_of_another_page_is_refused(house: House):
    person, visit = house.person(), house.visit()
    page = visit.authorize()
    given = fields(page.text) | {"email": person.email, "password": person.password}
    stranger = house.browser()
    assert stranger.post("/identity/sign-in", data=given).status_code == 403
    assert visit.http.post("/identity/sign-in", data=given | {"key": "0" * 64}).status_code == 403
    assert visit.http.post("/identity/sign-in", data=given | {"asked": "x"}).status_code == 403
    assert visit.http.post("/identity/sign-in", json=given).status_code == 403
    assert visit.http.post("/identity/sign-in", data=given).status_code == 303


def test_a_second_tab_leads_on_after_somebody_signed_in_in_the_first(house: House):
    person, visit = house.person(), house.visit()
    second = visit.authorize(state="of the second tab")
    visit.signed_in(person)
    answer = visit.send(second, "/sign-in", email=person.email, password=person.password)
    assert returned(answer)["state"] == "of the second tab"


def test_a_second_tab_whose_cookie_was_taken_over_asks_once_more_and_loses_nothing(house: House):
    person, visit = house.person(), house.visit()
    page = visit.authorize(state="kept")
    visit.http.cookies.clear()
    visit.authorize()
    page = visit.send(page, "/sign-in", email=person.email, password=person.password)
    assert page.status_code == 403
    assert "Type both once more" in page.text
    assert person.email not in page.text
    visit.send(page, "/sign-in", email=person.email, password=person.password)
    page = visit.http.get("/identity/sign-in/code")
    assert returned(visit.send(page, "/sign-in/code", code=person.code()))["state"] == "kept"


def test_no_token_code_or_password_is_logged(house: House, written: Callable[[], str]):
    person, visit = house.person(), house.visit()
    code = visit.code(person)
    tokens = visit.exchange(code).json()
    fresh = visit.refresh(tokens["refresh_token"]).json()
    visit.refresh(tokens["refresh_token"])
    log = written()
    assert "token.issued" in log
    secret = [code, person.password, person.email, person.secret, visit.verifier, "Amina"]
    secret += [each[name] for each in (tokens, fresh) for name in each if name.endswith("_token")]
    assert [each for each in secret if each in log] == []
