"""Erasures that a service has not confirmed."""

from collections.abc import Iterator

from deploy.reconciling.drift import Databases, Drift
from deploy.subjects import must_confirm
from services.referrals.desk import Desk
from services.referrals.subject.confirming import listed


def unconfirmed(databases: Databases, desk: Desk) -> Iterator[Drift]:
    """Persons who were erased and whom some service still may keep."""
    for line in listed(desk):
        for service in must_confirm():
            if service not in line.confirmed and line.erasure.told < databases.before:
                mend = f"is `kersey worker {service}` ready? Then `kersey subject status`"
                kind = f"{service}: an erasure was not confirmed"
                yield Drift(kind, str(line.erasure.person), mend)
