"""The sender takes its referral back."""

from services.referrals.casefile import CaseFile, state_of
from services.referrals.domain import Actor
from services.referrals.handlers.sharing import share_identity
from shared.messaging.events import ReferralCancelled, ReferralWithdrawn, WithdrawalAsked

STARTED = frozenset({"in-progress", "on-hold"})


def withdraw(file: CaseFile) -> None:
    """Follow the sender's `revoked`, within the transaction that writes it.

    Its `status` is the sender's own, so that a revocation is never refused. Where an activity
    already runs it cannot simply be cancelled (Clinical Order Workflows): the link worker is
    told and decides. Whatever has not started is taken back in either case, so that nobody answers
    for a person who is no longer referred. A case that has ended stays as it ended, and one whose
    link worker was asked before stays theirs to decide.
    """
    triage = file.triage
    if state_of(triage).ended:
        return
    open_tasks = file.open_provider_tasks()
    waiting = [task for task in open_tasks if task.status != "in-progress"]
    for task in waiting:
        file.step(task, "withdraw", Actor.SENDER)
        file.announce(ReferralCancelled(**file.about(task), reason="withdrawn"))
        share_identity(file, task)
    if triage.business == "withdrawal-asked":
        return
    if waiting != open_tasks:
        file.step(triage, "ask-withdrawal", Actor.SENDER)
        file.announce(WithdrawalAsked(**file.context(), by="sender"))
        return
    started = triage.status in STARTED
    file.step(triage, "withdraw-started" if started else "withdraw", Actor.SENDER)
    file.announce(ReferralWithdrawn(**file.context(), by="sender"))
