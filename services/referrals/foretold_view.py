"""What would follow if a case were closed, as the case API tells it."""

from dataclasses import asdict

from sqlmodel import Session, col, select

from services.referrals import codes
from services.referrals.gp.standing import why
from services.referrals.gp.summary import Summary
from services.referrals.handlers.foretelling import Foretold
from services.referrals.tables import GpMessage, ListedService
from services.referrals.views import View


def foretold_view(session: Session, found: Foretold) -> View:
    """The requests that would end, the codes that would go back, and what each message would say.

    Args:
        session: where services' names are read.
        found: what would follow.
    """
    services = {each.service for each in found.ended}
    names = dict(
        session.exec(
            select(ListedService.id, ListedService.name).where(col(ListedService.id).in_(services))
        ).all()
    )
    return {
        "requests": [
            {"task": each.id, "service_name": names.get(each.service) if each.service else None}
            for each in found.ended
        ],
        "codes": [
            {
                "code": each.code,
                "display": codes.DISPLAY.get(each.code),
                "already_coded": each.already_coded,
            }
            for each in found.codes
        ],
        "messages": [_message(message, summary) for message, summary in found.messages],
    }


def _message(message: GpMessage, summary: Summary) -> View:
    return {
        "kind": message.kind,
        "practice": summary.practice,
        "route": message.route,
        "state": message.state,
        "why": why(message.reason),
        "code": summary.code.words if summary.code else None,
        "already_coded": summary.already_coded,
        "outcome": summary.outcome,
        "needs": list(summary.needs),
        "offers": [asdict(each) for each in summary.offers],
        "measures": [
            {"name": each.name, "first": each.first, "after": each.after}
            for each in summary.measures
        ],
        "next_step": summary.next_step,
        "left_out": summary.left_out,
    }
