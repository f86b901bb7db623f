"""What was typed into a form of several pages: kept with its session, gone with an erasure."""

from uuid import UUID, uuid4

from services.portal.sign_in import half_typed
from services.portal.sign_in.sessions import MOST_KEPT
from services.portal.tables import web_session
from tests.portal.signing_in import COOKIE, Pages, at_the_right_time, with_pages  # noqa: F401


def signed_in(pages: Pages) -> str:
    http = pages.browser()
    pages.come(http, pages.person())
    return str(http.cookies[COOKIE])


def forget(pages: Pages, *cases: UUID) -> int:
    with pages.engine.begin() as connection:
        return half_typed.forget(connection, cases)


def test_the_last_forms_are_kept_and_the_table_cannot_be_read(pages: Pages):
    secret, sessions = signed_in(pages), pages.sessions
    for number in range(MOST_KEPT + 1):
        sessions.keep(secret, f"/cases/{number}", {"text": f"typed {number}"})
    assert sessions.kept(secret, "/cases/0") is None
    assert sessions.kept(secret, "/cases/1") == {"text": "typed 1"}
    assert "typed" not in repr([row.kept for row in pages.rows()])


def test_an_erasure_takes_what_is_about_the_person_or_about_no_case(pages: Pages):
    """From every session; what is about others stays as it was."""
    theirs, others = uuid4(), uuid4()
    one, two = signed_in(pages), signed_in(pages)
    forget(pages)  # what other tests typed into no case
    ask, find = f"/cases/{theirs}/ask/{others}", f"/cases/{others}/find"
    for secret in (one, two):
        pages.sessions.keep(secret, ask, {"text": "about them"})
        pages.sessions.keep(secret, find, {"matters": "about another"})
    pages.sessions.keep(two, "/cases/search", {"words": "a name"})
    assert forget(pages, theirs, uuid4()) == 3
    for secret in (one, two):
        assert pages.sessions.kept(secret, ask) is None
        assert pages.sessions.kept(secret, "/cases/search") is None
        assert pages.sessions.kept(secret, find) == {"matters": "about another"}
    assert forget(pages, theirs) == 0
    assert forget(pages, others) == 2
    assert pages.sessions.kept(one, find) is None


def test_what_an_earlier_version_kept_is_asked_for_again(pages: Pages):
    secret = signed_in(pages)
    with pages.engine.begin() as connection:
        connection.execute(web_session.update().values(kept="gAAAAABmade-by-another-version"))
    assert pages.sessions.kept(secret, "/cases/search") is None
    pages.sessions.keep(secret, "/cases/search", {"words": "a name"})
    assert pages.sessions.kept(secret, "/cases/search") == {"words": "a name"}
