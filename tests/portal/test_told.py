"""What a case's page says of messages about its requests: to whom, how, and what came of it."""

from services.notifications.channels.registry import CHANNELS
from services.notifications.domain import TO_PROVIDERS, Kind
from services.portal.cases.told import ENDS, OTHERS, WAYS, asked_by, by_request
from shared.delivery import State


def row(task: str, **more: str | None) -> dict[str, str | None]:
    return {
        "task": task, "kind": "request", "channel": "email", "state": "delivered",
        "label": "Front desk", "due": None, "created": "2026-11-02T09:00:00Z",
        "ended": "2026-11-02T09:00:05Z",
    } | more  # fmt: skip


def test_each_contact_of_each_request_has_its_line_with_its_time():
    nudge = {"kind": "nudge", "state": "queued", "due": "2026-11-05T09:00:00Z", "ended": None}
    found = by_request([row("a"), row("b", channel="webhook", label=""), row("a", **nudge)])
    assert list(found) == ["a", "b"]
    assert [list(each.values()) for each in found["a"]] == [
        ["The request", "Front desk", "e-mail", "arrived", "2026-11-02T09:00:05Z"],
        ["Asked again", "Front desk", "e-mail", "waits to be sent", "2026-11-05T09:00:00Z"],
    ]
    assert found["b"][0]["by"] == "their computer system"


def test_each_request_says_whether_the_service_heard_that_it_is_asked():
    """Several asked at once (care 15): none hides behind the last."""
    nudge = {"kind": "nudge", "state": "superseded"}
    found = asked_by(
        [
            row("a"), row("a", channel="sms", state="queued"), row("a", **nudge),
            row("a", kind="help-call", channel="phone"),
            row("b", state="failed"), row("b", state="failed", label="Another"),
            row("c", kind="chosen"),
        ]
    )  # fmt: skip
    assert found == {
        "a": "e-mail: arrived; text message: waits to be sent",
        "b": "e-mail: did not arrive (please ring them, or look for another place)",
    }


def test_every_kind_way_and_end_has_words():
    about_a_request = TO_PROVIDERS | {Kind.HELP_CALL, Kind.DECLINED, Kind.NO_RESPONSE}
    assert {each.value for each in about_a_request} <= OTHERS.keys()
    assert {each.means for each in CHANNELS} <= WAYS.keys()
    assert {each.value for each in State} <= ENDS.keys()


def test_what_is_newer_than_the_page_is_said_by_its_code():
    (said,) = by_request([row("a", kind="quite-new", channel="pigeon", state="lost")])["a"]
    assert (said["what"], said["by"], said["state"]) == ("Quite new", "pigeon", "lost")
