"""Two records of one person in two teams' care, and short words for what is done with them."""

from dataclasses import dataclass
from typing import Any

from deploy.demo.consortium import hub_of
from tests.referrals.house import Caller, House, Json, Referral, a_bundle, a_person

BRADFORD, KIRKLEES = "ZZK01", "ZZK05"
"""Practices of two groups, in two hubs, whose link-worker services are not the same."""


@dataclass
class Two:
    """What two record systems sent about one person, of whom nobody is certain yet."""

    house: House
    ours: Referral
    theirs: Referral

    @property
    def we(self) -> Caller:
        """The link worker of the first record's team."""
        return self.house.by("link-worker")

    @property
    def they(self) -> Caller:
        """The link worker of the other record's team."""
        return other_worker(self.house)

    @property
    def proposal(self) -> str:
        """Where the only proposal is."""
        return f"/referrals/proposals/{self.house.scalar('select id from link_proposal')}"

    @property
    def merge(self) -> str:
        """Where the only merge is."""
        return f"/referrals/merges/{self.house.scalar('select id from person_merge')}"

    def become_one(self) -> None:
        """Both teams agree."""
        self.we.post(f"{self.proposal}/accept")
        self.they.post(f"{self.proposal}/accept")

    def person(self, referral: Referral) -> Any:
        """The key of the person whom a case is about now."""
        found = "select person from referral_case where id = :case"
        return self.house.scalar(found, case=referral.case)


def other_worker(house: House) -> Caller:
    """A link worker in Kirklees, whom other practices send to."""
    team = str(hub_of("kirklees").team)
    return house.by("link-worker", client_id="worker-3", organisation=team)


def other_coordinator(house: House) -> Caller:
    """The coordinator of the hub of Kirklees."""
    hub = str(hub_of("kirklees").organisation)
    return house.by("coordinator", client_id="hub-3", organisation=hub)


def two_records(house: House, *, place: str = KIRKLEES, **changes: Any) -> Two:
    """One person as two systems know them; the second number is not verified, so nobody is sure."""
    changes = {"verified": False} | changes
    ours = house.refer(a_bundle(person=a_person(1, BRADFORD, verified=True)))
    by = "ehr-2" if place == KIRKLEES else "ehr"
    theirs = house.refer(a_bundle(person=a_person(1, place, **changes)), by=by)
    return Two(house, ours, theirs)


def whose(house: House) -> Json:
    """Of everything that can be moved, whose it is; and who reads every document."""
    return {
        "links": house.rows(
            "select patient, organisation, person, basis from patient_link order by 1"
        ),
        "cases": house.rows("select id, person from referral_case order by 1"),
        "agreements": house.rows("select id, person from agreement order by 1"),
        "documents": house.rows("select pk, version, body, person from document order by 1"),
        "versions": house.rows("select pk, version, person from document_version order by 1, 2"),
        "readers": house.rows("select * from document_reader order by 1, 2, 3"),
        "found": house.rows("select pk, readers, terms from document_search order by 1"),
        "persons": house.rows(
            "select id, nhs_number, nhs_verified, family, birth_date, do_not_contact, restricted,"
            " died, legal_hold, merged_into from person order by 1"
        ),
    }


def contact(**more: Any) -> Json:
    """What is recorded of a channel."""
    return {"value": "07700 900222", "safe": "yes"} | more
