"""The main job, end to end, on the real thing: from a GP's Bundle to the EHR that hears."""

import json
from pathlib import Path

import pytest

from deploy.demo.sending import NoReferral, read_bundle
from tests.infrastructure.running import Running

GRAVITY = Path(__file__).parents[3] / "shared" / "data" / "fhir-examples" / "gravity"

pytestmark = pytest.mark.timeout(400)


def test_the_loop_closes_by_the_link_in_the_mail(running: Running) -> None:
    played = running.kersey("demo", "journey")

    assert played.returncode == 0, played.stdout + played.stderr
    assert "The loop is closed." in played.stdout
    assert "provider's browser: POST /answer -> 200" in played.stdout
    assert "871731000000106" in played.stdout


def test_a_third_party_referral_goes_the_same_way_routed_by_hand(running: Running) -> None:
    if not GRAVITY.is_dir():
        pytest.skip(f"{GRAVITY} is not there: the Gravity examples are not part of the project")

    played = running.kersey("demo", "journey", "--bundle", str(GRAVITY))

    assert played.returncode == 0, played.stdout + played.stderr
    assert "routes it by hand" in played.stdout
    assert "The loop is closed." in played.stdout


def test_a_bundle_of_ones_own_is_sent_as_it_is_and_only_once(
    running: Running, tmp_path: Path
) -> None:
    from datetime import UTC, datetime

    from deploy.demo.bundle import referral_bundle
    from deploy.demo.people import people

    mine = tmp_path / "mine.json"
    bundle = referral_bundle(people(2)[1], "MY-OWN-1", datetime(2026, 11, 1, tzinfo=UTC))
    mine.write_text(json.dumps(bundle))

    first = running.kersey("demo", "journey", "--bundle", str(mine), "--no-listen")
    again = running.kersey("demo", "journey", "--bundle", str(mine), "--no-listen")

    assert first.returncode == 0, first.stdout + first.stderr
    assert again.returncode == 1
    assert "it has its case already" in again.stderr


def test_a_refused_bundle_stops_the_journey_with_the_reason(
    running: Running, tmp_path: Path
) -> None:
    from datetime import UTC, datetime

    from deploy.demo.bundle import referral_bundle
    from deploy.demo.people import people

    bundle = referral_bundle(people(1)[0], "BAD-1", datetime(2026, 11, 1, tzinfo=UTC))
    bundle["entry"][-1]["resource"]["intent"] = "wish"
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(bundle))

    played = running.kersey("demo", "journey", "--bundle", str(bad), "--no-listen")

    assert played.returncode == 1
    assert "Bundle.entry[4].resource.intent" in played.stderr.replace("\n", "")


def test_a_request_that_is_none_is_told_in_words(running: Running) -> None:
    played = running.kersey("demo", "journey", "--request", "ServiceRequest/xyz", "--no-listen")

    assert played.returncode == 1
    said = " ".join(played.stderr.split())
    assert "has no ServiceRequest/xyz: --request takes the id that Kersey" in said
    assert "OperationOutcome" not in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        ("[1]", "it has no resourceType"),
        ('{"resourceType": "Patient"}', "no active ServiceRequest"),
    ],
)
def test_what_is_no_referral_is_told_before_anything_is_sent(
    tmp_path: Path, content: str, words: str
) -> None:
    file = tmp_path / "mine.json"
    file.write_text(content)

    with pytest.raises(NoReferral, match=words):
        read_bundle(file)
