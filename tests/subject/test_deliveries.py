"""An operator sees what became of messages and sends again what failed; no address is shown."""

from uuid import uuid4

import pytest

from tests.referrals.house import SERVICE, a_bundle
from tests.subject.living import Living, eventually, refer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ARRIVED = "SELECT 1 FROM delivery WHERE state = 'delivered'"
FAILED = """
UPDATE delivery SET state = 'failed', due = NULL, ended = now(), last_error = 'refused'
WHERE channel = 'email' RETURNING id, address
"""


def operate(kersey: Living, *words: str) -> str:
    done = kersey.kersey("deliveries", *words)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def state(kersey: Living, key: str) -> str:
    ((found,),) = kersey.rows("notifications", "SELECT state FROM delivery WHERE id = :id", id=key)
    return str(found)


def test_what_failed_is_listed_shown_and_sent_again(small: Living) -> None:
    case, _ = refer(small, a_bundle())
    small.call("link-worker", "POST", f"/referrals/cases/{case}/accept")
    wish = {"service": str(SERVICE), "needs": [{"code": "loneliness"}], "share": {"name": "Ada"}}
    small.call("link-worker", "POST", f"/referrals/cases/{case}/requests", json=wish)
    eventually(
        lambda: bool(small.rows("notifications", ARRIVED)),
        "a mail was taken",
    )
    assert "email" in operate(small, "list", "--state", "delivered")
    # As when the mail server had refused it; a server that refuses is tried in tests/delivery.
    ((key, address), *_) = small.rows("notifications", FAILED)

    listed = operate(small, "list", "--state", "failed", "--channel", "email")
    assert f"failed\t{key}\trequest\t" in listed
    assert str(key) in operate(small, "list"), "what has not arrived is what is listed by itself"
    shown = operate(small, "show", str(key))
    assert "reason: refused" in shown
    assert "1\t" in shown, "its attempt"
    assert address not in listed + shown

    assert "tried again" in operate(small, "retry", str(key))
    eventually(lambda: state(small, str(key)) == "delivered", "it was sent again")
    again = small.kersey("deliveries", "retry", str(key))
    assert "It has not failed" in str(again.exception)


def test_what_there_is_not_is_said(small: Living) -> None:
    assert operate(small, "list", "--state", "failed").startswith("none ")
    assert "there is no delivery" in str(small.kersey("deliveries", "show", str(uuid4())).exception)
    assert "there is no delivery" in str(
        small.kersey("deliveries", "retry", str(uuid4())).exception
    )
