"""What an operator is told: refusals in words, the list as a file, what is due."""

import json
import zipfile
from pathlib import Path
from uuid import uuid4

import pytest

from tests.referrals.house import a_bundle
from tests.subject.living import Living, eventually, refer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WAITS = ("--yes", "--wait", "120", "--by", "DPO")


def test_an_operators_day(small: Living, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case, patient = refer(small, a_bundle())
    ((person, number),) = small.rows("referrals", "select id, nhs_number from person")
    whom = ("--patient", f"Patient/{patient}")

    # An open case: refused in words, shown by the preview, nothing changed.
    refused = small.kersey("subject", "erase", *whom, *WAITS)
    assert "1 of this person's cases are open" in str(refused.exception)
    preview = small.kersey("subject", "erase", "--preview", *whom, "--by", "DPO")
    assert preview.exit_code == 0, (preview.output, preview.exception)
    assert "would go" in preview.output
    assert small.call("ehr", "GET", f"/fhir/Patient/{patient}")["name"]

    # A worry that is open: said likewise, beside the case and by the preview.
    body = {"key": str(uuid4()), "words": "She has not eaten since Monday."}
    small.call("link-worker", "POST", f"/referrals/cases/{case}/worries", json=body)
    said = "1 of the worries about this person are open"
    refused = small.kersey("subject", "erase", *whom, *WAITS)
    assert "1 of this person's cases are open" in str(refused.exception)
    assert said in str(refused.exception)
    preview = small.kersey("subject", "erase", "--preview", *whom, "--by", "DPO")
    assert said in preview.output
    assert small.rows("referrals", "select count(*) from erasure") == [(0,)]

    # A hold: refused in words, and retention counts it.
    assert small.kersey("subject", "hold", *whom, "--by", "solicitor").exit_code == 0
    held = small.kersey("subject", "erase", "--even-if-open", *whom, *WAITS)
    assert "there is a legal hold" in str(held.exception)
    for table, column in (
        ("person", "updated"),
        ("referral_case", "updated"),
        ("document", "last_updated"),
    ):
        small.rows("referrals", f"update {table} set {column} = {column} - interval '100 years'")
    due = small.kersey("retention", "preview", "--only", "referrals/person-records")
    assert due.exit_code == 0, (due.output, due.exception)
    assert due.output.count("referrals/") == 1
    run = small.kersey("retention", "run", "--reviewed-by", "records manager")
    assert run.exit_code == 0, (run.output, run.exception)
    assert small.call("ehr", "GET", f"/fhir/Patient/{patient}")["name"]
    assert small.kersey("subject", "hold", "--lift", *whom, "--by", "solicitor").exit_code == 0

    # Restricted by the number, which is read and never said.
    by_number = small.kersey("subject", "restrict", "--by", "DPO", said=f"{number}\n")
    assert by_number.exit_code == 0, (by_number.output, by_number.exception)
    assert str(person) in by_number.output
    assert number not in by_number.output
    nonsense = small.kersey("subject", "restrict", "--by", "DPO", said="12345\n")
    assert "that is no NHS number: it has ten digits" in str(nonsense.exception)
    assert "12345" not in str(nonsense.exception)
    nothing = small.kersey("subject", "restrict", "--by", "DPO", said="")
    assert "no NHS number came: type it" in str(nothing.exception)
    nobody = small.kersey("subject", "restrict", "--by", "DPO", said="9990000026\n")
    assert "nobody is known by that. --patient takes" in str(nobody.exception)
    assert "(Patient/7)" in str(nobody.exception)

    # The copy says what stops messages, which notifications knows by the person alone.
    stopped = "select 1 from stopped where reason = 'person-restricted' or reason = 'restricted'"
    eventually(lambda: bool(small.rows("notifications", stopped)), "notifications has heard of it")
    file = tmp_path / "copy.zip"
    copied = small.kersey("subject", "export", "--to", str(file), *whom, "--by", "DPO")
    assert copied.exit_code == 0, (copied.output, copied.exception)
    with zipfile.ZipFile(file) as copy:
        assert len(json.loads(copy.read("notifications/stopped.json"))) == 1

    # Nobody is there to be asked again.
    alone = small.kersey("subject", "erase", "--even-if-open", *whom, "--by", "DPO", said="")
    assert "say --yes where nobody can be asked" in str(alone.exception)
    assert small.rows("referrals", "select count(*) from erasure") == [(0,)]

    # A hold that comes while the operator thinks: nothing goes on the list that did not go.
    kept = tmp_path / "thinking.jsonl"

    def hold_meanwhile() -> None:
        assert small.kersey("subject", "hold", *whom, "--by", "solicitor").exit_code == 0

    with monkeypatch.context() as asked:
        asked.setattr("deploy.commands.subject._confirm", hold_meanwhile)
        erasing = ("subject", "erase", "--even-if-open", *whom, "--by", "DPO")
        refused = small.kersey(*erasing, KERSEY_ERASURE_LIST=str(kept))
    assert "there is a legal hold" in str(refused.exception)
    assert not kept.exists(), "or a restored backup would be erased by it, whatever the court said"
    assert small.kersey("subject", "hold", "--lift", *whom, "--by", "solicitor").exit_code == 0

    # Erased, noted in the list's file, confirmed; applied again after a restore.
    kept = tmp_path / "kept.jsonl"
    done = small.kersey(
        "subject", "erase", "--even-if-open", *whom, *WAITS, KERSEY_ERASURE_LIST=str(kept)
    )
    assert done.exit_code == 0, (done.output, done.exception)
    assert "notifications: confirmed" in done.output
    (line,) = map(json.loads, kept.read_text().splitlines())
    assert (line["person"], line["cases"]) == (str(person), [case])
    assert number not in kept.read_text()
    written = tmp_path / "list.jsonl"
    assert small.kersey("subject", "list", str(written)).exit_code == 0
    (same,) = map(json.loads, written.read_text().splitlines())
    assert {**same, "erased": ""} == {**line, "erased": ""}
    assert small.kersey("subject", "list", str(written)).exit_code == 0, "it replaces its own"
    assert len(written.read_text().splitlines()) == 1
    with written.open("a") as more:
        more.write(json.dumps(line | {"person": str(uuid4())}) + "\n")
    older = small.kersey("subject", "list", str(written))
    assert "1 erasures that this database does not know" in str(older.exception)
    assert len(written.read_text().splitlines()) == 2, "nothing of it is lost"
    small.rows("referrals", "update person set family = 'back again', nhs_number = :n", n=number)
    again = small.kersey("subject", "reapply", str(kept), "--by", "operator")
    assert again.exit_code == 0, (again.output, again.exception)
    assert f"the last on the list: of {line['erased'][:16]}" in again.output
    assert small.rows("referrals", "select family, nhs_number from person") == [("", None)]
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text("{}\n")
    broken = small.kersey("subject", "reapply", str(wrong), "--by", "operator")
    assert "line 1, is no line of the list" in str(broken.exception)
    unknown = small.kersey("retention", "preview", "--only", "referrals/coffee")
    assert "there is no referrals/coffee; there are:" in str(unknown.exception)
