"""An operator sees how webhooks stand, switches them off and on, and makes a secret anew."""

from uuid import uuid4

import pytest

from tests.subject.living import Living

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def operate(kersey: Living, *words: str) -> str:
    done = kersey.kersey("webhooks", *words)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def test_it_is_listed_switched_off_and_on_and_has_a_new_secret(small: Living) -> None:
    assert operate(small, "list").startswith("no organisation has a webhook yet")
    key = str(uuid4())
    body = {"means": "webhook", "address": "https://clay.example.org/hook", "label": "Desk"}
    made = small.call("coordinator", "PUT", f"/notifications/contacts/bradford/{key}", json=body)
    assert f"{key}\tbradford\ton" in operate(small, "list")
    assert operate(small, "list", "--off").startswith("none is switched off: ")

    operate(small, "disable", key, "--by", "An operator")
    assert "nothing was changed" in str(
        small.kersey("webhooks", "disable", key, "--by", "me").exception
    )
    assert f"{key}\tbradford\toff" in operate(small, "list", "--off")
    shown = operate(small, "show", key)
    assert "by: An operator" in shown
    assert "why: by-hand" in shown
    assert "messages that go out now: 0" in operate(small, "enable", key)

    secret = operate(small, "rotate", key, "--overlap-hours", "0").strip()
    assert secret.startswith("whsec_")
    assert secret != made["secret"]
    # The running service opens it: it was sealed with the data folder's own key.
    opened = small.call("coordinator", "POST", f"/notifications/webhooks/{key}/rotate")
    assert opened["former_secret_until"] is not None


def test_what_there_is_not_is_said(small: Living) -> None:
    for words in (("show",), ("enable",), ("rotate",), ("disable", "--by", "me")):
        done = small.kersey("webhooks", words[0], str(uuid4()), *words[1:])
        assert "there is no webhook" in str(done.exception)
