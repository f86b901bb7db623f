"""Serving the stand-in of GOV.UK Notify beside a demo, and the settings with which it is found."""

from collections.abc import Iterator
from uuid import NAMESPACE_URL, uuid5

import uvicorn

from deploy.demo.notify.stand_in import StandIn, stand_in

_KNOWN = "kersey:demo/notify"
SMS, LETTER = (str(uuid5(NAMESPACE_URL, f"{_KNOWN}/{each}")) for each in ("sms", "letter"))
SERVICE, SECRET = (str(uuid5(NAMESPACE_URL, f"{_KNOWN}/{each}")) for each in ("service", "key"))


def demo_stand_in() -> StandIn:
    """The demo's service at Notify."""
    return StandIn(SERVICE, SECRET, {SMS: ("message",), LETTER: ("subject", "body")})


def environment(url: str) -> Iterator[str]:
    """The settings with which a Kersey sends there.

    Args:
        url: where the stand-in answers.
    """
    yield f"KERSEY_NOTIFY_KEY={demo_stand_in().key}"
    yield f"KERSEY_NOTIFY_URL={url}"
    yield f"KERSEY_NOTIFY_SMS_TEMPLATE={SMS}"
    yield f"KERSEY_NOTIFY_LETTER_TEMPLATE={LETTER}"


def serve(port: int) -> None:
    """Serve the stand-in on this machine until told to stop."""
    app = stand_in(demo_stand_in())
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", ws="none")
