"""The stand-in with the demo's practices behind it, for a Kersey that runs beside it."""

from collections.abc import Iterator

import uvicorn

from deploy.demo.consortium import PRACTICES
from deploy.demo.mesh.practice import Answers, PracticeSystem
from deploy.demo.mesh.stand_in import StandIn, stand_in
from shared.settings import DEMO_MARK

MAILBOX = "X26KERSEY"
ODS_CODE = "X26"
PASSWORD = f"{DEMO_MARK}mesh-password"
KNOWS_NOBODY = "ZZK02"
"""A practice of the demo's own `ehr` and `link-worker`, for whoever wants to see one fail."""
SHARED_KEY = f"{DEMO_MARK}mesh-shared-key"


def demo_stand_in() -> StandIn:
    """One mailbox for Kersey; one of the practices knows none of its patients."""
    systems = [
        PracticeSystem(
            each.ods_code,
            f"{each.ods_code}MB",
            Answers.NOT_KNOWN if each.ods_code == KNOWS_NOBODY else Answers.ACCEPTS,
        )
        for each in PRACTICES
    ]
    return StandIn(SHARED_KEY, {MAILBOX: PASSWORD}, systems)


def environment(url: str) -> Iterator[str]:
    """The settings with which a Kersey sends there."""
    values = {
        "URL": url,
        "MAILBOX": MAILBOX,
        "PASSWORD": PASSWORD,
        "SHARED_KEY": SHARED_KEY,
        "ODS_CODE": ODS_CODE,
        "ROUTING": "mailbox",
        "POLL_SECONDS": "2",
    }
    yield from (f"KERSEY_MESH__{name}={value}" for name, value in values.items())


def serve(port: int) -> None:
    """Serve the stand-in on this machine until told to stop."""
    app = stand_in(demo_stand_in())
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", ws="none")
