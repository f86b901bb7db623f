"""What happens because time passed: what nobody answered or read comes back to its list."""

import threading

import structlog
from sqlmodel import col, select

from services.referrals import deadlines, triage_clock
from services.referrals.desk import Desk
from services.referrals.domain import AWAITING_ANSWER, Refused
from services.referrals.gp.worries import chase
from services.referrals.handlers import withdrawn_services
from services.referrals.handlers.answers import expire
from services.referrals.handlers.break_glass import note_expired
from services.referrals.tables import CaseTask

log = structlog.get_logger(__name__)

BATCH = 100


class Clock:
    """Closes requests whose time to answer ran out, says where a team lets a referral wait, warns
    of requests whose service was withdrawn, has the team ring where no practice read a worry, and
    notes what was opened in an emergency and is over.
    Replicas may run it side by side.

    Args:
        desk: what every use case works with.
        every: seconds between two looks.
    """

    name = "referrals.clock"

    def __init__(self, desk: Desk, *, every: float = 60.0) -> None:
        self._desk = desk
        self._every = every

    def run(self, stop: threading.Event) -> None:
        """Look again and again until told to stop."""
        while not stop.is_set():
            deadlines.fill(self._desk)
            self.close_unanswered()
            triage_clock.notice(self._desk)
            withdrawn_services.warn(self._desk)
            chase(self._desk)
            note_expired(self._desk)
            stop.wait(self._every)

    def close_unanswered(self) -> int:
        """Close what is overdue; returns how many requests were closed."""
        now = self._desk.clock()
        with self._desk.work() as uow:
            overdue = uow.session.exec(
                select(CaseTask.id)
                .where(
                    CaseTask.business == AWAITING_ANSWER.business,
                    CaseTask.status == AWAITING_ANSWER.status,
                    col(CaseTask.closes) <= now,
                )
                .order_by(col(CaseTask.closes))
                .limit(BATCH)
            ).all()
        closed = 0
        for task in overdue:
            try:
                expire(self._desk, task)
                closed += 1
            except Refused:
                log.info("request.answered-in-time", task=task)
        return closed
