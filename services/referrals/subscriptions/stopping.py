"""Subscriptions by their client, for an operator: with another issuer no event tells of its end."""

from collections.abc import Sequence

from sqlalchemy import exists
from sqlmodel import col, select

from services.referrals.desk import Desk
from services.referrals.subject.operators import operator
from services.referrals.subscriptions import standing
from services.referrals.tables import SubscriptionState
from services.referrals.trail import note
from shared.fhir import tables as fhir

STOPPED = "stopped-by-the-operator"


def of_client(desk: Desk, client: str | None = None) -> Sequence[SubscriptionState]:
    """The Subscriptions that a client registered last, or all; by client, oldest first.

    What its client deleted is kept for its history, and is none any more.

    Args:
        desk: what every use case works with.
        client: its id at the issuer.
    """
    wanted = select(SubscriptionState).order_by(
        col(SubscriptionState.client), col(SubscriptionState.created), col(SubscriptionState.id)
    )
    document = fhir.document.c
    wanted = wanted.where(
        exists().where(
            document.type == "Subscription",
            document.id == SubscriptionState.id,
            ~document.deleted,
        )
    )
    if client is not None:
        wanted = wanted.where(SubscriptionState.client == client)
    with desk.look() as uow:
        found = uow.session.exec(wanted).all()
        uow.session.expunge_all()
    return found


def stop_client(desk: Desk, client: str, by: str) -> int:
    """Turn all Subscriptions of a client off, each with an entry in the trail.

    Args:
        desk: what every use case works with.
        client: its id at the issuer.
        by: the operator's name or role.

    Returns:
        How many were not off already.
    """
    running = [each.id for each in of_client(desk, client) if each.status != "off"]
    for key in running:
        with desk.work() as uow:
            standing.set_status(desk, uow, key, "off", STOPPED)
            record = f"Subscription/{key}"
            note(uow.session, operator(by), "subscription-stopped", record, desk.clock())
            uow.session.flush()
            uow.commit()
    return len(running)
