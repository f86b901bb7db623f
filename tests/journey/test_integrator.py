"""The integrator's own loop: the guide's commands, one after the other, in one shell."""

import json
import re
import sys
from pathlib import Path

import pytest

from deploy.demo.people import people
from deploy.postgres_cluster import free_port
from shared.fhir.nhs import is_nhs_number
from tests.infrastructure.running import Running
from tests.journey.documents import GUIDES, INTEGRATOR, blocks, in_folder, section, typed

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]


def test_the_test_patients_are_nobody_and_each_number_is_one_persons() -> None:
    numbers = re.findall(r"^\| (\d{10}) \|", section(INTEGRATOR, "## Test patients"), re.MULTILINE)
    assert len(set(numbers)) == 6
    referral = json.loads(blocks("json", section(INTEGRATOR, "## Sending a referral"))[0])
    (sent,) = referral["entry"][0]["resource"]["identifier"]
    assert sent["value"] == numbers[0]
    elsewhere = re.findall(r"\b999\d{7}\b", (GUIDES / "bars.md").read_text("utf-8"))
    others = {*elsewhere, *(each.nhs_number for each in people())}
    assert not others & set(numbers)
    for number in (*numbers, *elsewhere):
        assert number.startswith("999")
        assert is_nhs_number(number), number


def test_the_guide_leads_to_a_closed_loop(running: Running, tmp_path: Path) -> None:
    in_folder(tmp_path)
    script = "\n".join(blocks("sh", section(INTEGRATOR, "## A loop of your own")))

    done = typed(
        script.replace("9100", str(free_port())),
        running,
        tmp_path,
        path=str(Path(sys.executable).parent),
    )

    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-4000:]
    assert "The loop is closed." in said
    assert "\ncompleted\n871731000000106\ncompleted\n" in said, "the outcome is read"
    heard = (tmp_path / "heard.txt").read_text()
    assert heard.count("event-notification") > 5
