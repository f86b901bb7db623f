"""Whom a retention run erases is as gone, and as well on the list, as whom an operator erases."""

import json
from pathlib import Path
from uuid import uuid4

import pytest

from tests.referrals.house import a_bundle
from tests.subject.living import Living, refer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

RUN = ("retention", "run", "--reviewed-by", "records manager", "--wait", "120")
OLD = "update {} set {} = {} - interval '100 years'"


def long_unseen(kersey: Living, marker: str) -> str:
    """A person whose case ended and whom nobody has needed since; their id."""
    bundle = a_bundle()
    bundle["entry"][0]["resource"]["name"] = [{"family": marker, "given": ["Ada"]}]
    case, _ = refer(kersey, bundle)
    kersey.call("link-worker", "POST", f"/referrals/cases/{case}/accept")
    kersey.call(
        "link-worker", "POST", f"/referrals/cases/{case}/close", json={"outcome": "not-reached"}
    )
    with kersey.house.engines["referrals"].connect() as connection:
        autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
        autocommit.exec_driver_sql("analyze")
    for table, column in (
        ("person", "updated"),
        ("referral_case", "updated"),
        ("document", "last_updated"),
    ):
        kersey.rows("referrals", OLD.format(table, column, column))
    ((person,),) = kersey.rows(
        "referrals", "select person from referral_case where id = :c", c=case
    )
    return str(person)


def test_the_list_has_them_and_nothing_remembers_them(small: Living, tmp_path: Path) -> None:
    file = tmp_path / "erasures.jsonl"
    person = long_unseen(small, "Zqretained")
    assert small.found(["Zqretained"])

    run = small.kersey(*RUN, KERSEY_ERASURE_LIST=str(file))
    assert run.exit_code == 0, (run.output, run.exception)
    assert "erased: 1 persons" in run.output
    assert [json.loads(line)["person"] for line in file.read_text().splitlines()] == [person]
    assert small.found(["Zqretained"]) == set()

    # A database of before an erasure: nobody is erased until the list was applied.
    with file.open("a") as end:
        unknown = json.loads(file.read_text()) | {"person": str(uuid4())}
        end.write(json.dumps(unknown) + "\n")
    refused = small.kersey(*RUN, KERSEY_ERASURE_LIST=str(file))
    assert "`kersey subject reapply`" in str(refused.exception)
