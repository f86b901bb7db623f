"""What a message tells its practice: as little as it needs, and only what the person agreed to.

The sections are those of the Social Prescribing Information Standard's three models (PRSB, v1.1):
the referral, the social prescribing record, the message back to the GP and referrer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlmodel import Session, col, select

from services.referrals import codes
from services.referrals.gp.coding import Code, Purpose, codes_of, meant, shipped
from services.referrals.gp.days import date_in_words, day_of
from services.referrals.gp.occasions import agreed_items
from services.referrals.gp.prescribed import Offer, needs, offers
from services.referrals.gp.standing import OF_A_PRACTICE, OUTCOMES, Kind
from services.referrals.gp.waits import words_of
from services.referrals.tables import (
    Case,
    CaseTask,
    GpMessage,
    LinkWorkerService,
    Person,
    Practice,
)
from shared.fhir.nhs import nhs_number

TITLES = {
    Kind.FIRST_OUTCOME: "Social prescribing: first outcome",
    Kind.CLOSURE: "Social prescribing: summary at closure",
    Kind.SAFETY: "Social prescribing: worry about a person's safety",
    Kind.DELAY: "Social prescribing: the person still waits",
}

SHORTENED = "… (shortened)"
"""Said wherever something was cut so that the letter is one page."""


@dataclass(frozen=True)
class Identity:
    """Who the person is, as the practice's own record says."""

    name: str = ""
    family: str = ""
    given: tuple[str, ...] = ()
    born: str = ""
    number: str = ""
    verified: bool = False

    @property
    def born_in_words(self) -> str:
        """The day of birth as it stands in the letter; `born` is what machines compare."""
        return date_in_words(self.born)


@dataclass(frozen=True)
class Measure:
    """One outcome measure; never a question's wording (care 19)."""

    name: str
    before: str = ""
    after: str = ""
    not_asked: str = ""

    @property
    def first(self) -> str:
        """The first answer, or why there is none."""
        return f"not asked: {self.not_asked}" if self.not_asked else self.before


@dataclass(frozen=True)
class Summary:
    """One message's content, in words.

    Attributes:
        kind: what it tells.
        title: its heading.
        made: the day of it.
        practice: name and ODS code.
        team: the link-worker service and its phone.
        person: who it is about.
        referred: the day of the referral.
        reference: the sender's own reference of it.
        needs: what the person wanted help with.
        offers: what was offered, and what came of it.
        measures: outcome measures.
        outcome: how it ended.
        code: the national code, with the day; None where there is none.
        code_day: the day that the code is dated.
        already_coded: whether the referral carried the code.
        next_step: what happens now, in the link worker's words.
        concern: a worry, in the link worker's words.
        waits: what the person still waits for, and what is done about it.
        document: what kind of document it is.
        left_out: whether the person did not agree to all that could be told.
        restricted: whether the record is security-labelled (care 12).
    """

    kind: Kind
    title: str
    made: str
    practice: str
    practice_code: str
    team: str
    team_phone: str
    person: Identity
    referred: str
    reference: str
    needs: tuple[str, ...] = ()
    offers: tuple[Offer, ...] = ()
    measures: tuple[Measure, ...] = ()
    outcome: str = ""
    code: Code | None = None
    code_day: str = ""
    already_coded: bool = False
    next_step: str = ""
    concern: str = ""
    waits: str = ""
    document: Code = field(default_factory=lambda: shipped()[Purpose.DOCUMENT])
    left_out: bool = False
    restricted: bool = False

    def shortened(self, share: float) -> "Summary":
        """The same with lists and texts cut to a share of what one page usually holds.

        Only texts keep their lines, as many as there is room for: a list of short lines fills a
        page as well as many words do.
        """
        entries, line = max(2, round(12 * share)), max(24, round(110 * share))
        text, lines = max(60, round(1300 * share)), max(4, round(40 * share))

        def cut(words: str, most: int) -> str:
            words = " ".join(words.split())
            if len(words) <= most:
                return words
            return words[: most - len(SHORTENED) - 1].rstrip() + " " + SHORTENED

        def cut_text(words: str) -> str:
            kept = words.splitlines()[:lines]
            whole = len(kept) == len(words.splitlines())
            if whole and len(words) <= text:
                return words
            return "\n".join(kept)[: text - len(SHORTENED) - 1].rstrip() + " " + SHORTENED

        more = Offer(SHORTENED, "") if len(self.offers) > entries else None
        offers = [
            replace(each, service=cut(each.service, line)) for each in self.offers[:entries]
        ] + ([more] if more else [])
        measures = [
            Measure(
                cut(each.name, line),
                cut(each.before, line),
                cut(each.after, line),
                cut(each.not_asked, line),
            )
            for each in self.measures[:entries]
        ]
        if len(self.measures) > entries:
            measures.append(Measure(SHORTENED))
        needs = [cut(each, line) for each in self.needs[:entries]]
        if len(self.needs) > entries:
            needs.append(SHORTENED)
        person = replace(self.person, name=cut(self.person.name, 2 * line))
        return replace(
            self,
            person=person,
            practice=cut(self.practice, 2 * line),
            team=cut(self.team, 2 * line),
            reference=cut(self.reference, line),
            needs=tuple(needs),
            offers=tuple(offers),
            measures=tuple(measures),
            next_step=cut_text(self.next_step),
            concern=cut_text(self.concern),
        )


def summary_of(
    session: Session,
    case: Case,
    message: GpMessage,
    *,
    patient: Mapping[str, Any] | None,
    request: Mapping[str, Any],
    zone: str,
) -> Summary:
    """What a message tells.

    Args:
        session: the caller's; the case is locked in it.
        case: the case.
        message: the message.
        patient: the Patient that the sender sent, if it sent one.
        request: its ServiceRequest.
        zone: in which a day is a day.
    """
    kind = Kind(message.kind)
    practice = session.get_one(Practice, message.practice)
    person = session.get(Person, case.person) if case.person else None
    team = session.get(LinkWorkerService, case.team) if case.team else None
    found = meant(session, message.code) if message.code else None
    said, code = found or (None, None)
    begun = Summary(
        kind=kind,
        title=TITLES[kind],
        made=day_of(message.made, zone),
        practice=practice.name,
        practice_code=practice.ods_code,
        team=team.name if team else "",
        team_phone=team.phone if team else "",
        person=identity_of(patient),
        referred=day_of(case.created, zone),
        reference=_reference(request) if case.source in OF_A_PRACTICE else "",
        code=code,
        document=codes_of(session)[Purpose.DOCUMENT],
        code_day=day_of(message.made, zone) if code else "",
        restricted=bool(person and person.restricted),
        already_coded=bool(code and case.coded_by_sender and message.code == codes.REFERRED),
    )
    if kind is Kind.SAFETY:
        return replace(begun, concern=str(message.words.get("concern", "")))
    if kind is Kind.DELAY:
        return replace(begun, waits=words_of(message.cause))
    if kind is Kind.FIRST_OUTCOME:
        return replace(begun, outcome=_first_outcome(said, case))
    return _closed(session, case, message, begun, request)


def _reference(request: Mapping[str, Any]) -> str:
    """The sender's own reference of its request."""
    values = (each.get("value") for each in request.get("identifier", ()))
    return next(filter(None, values), "")


def _first_outcome(said: Purpose | None, case: Case) -> str:
    if case.outcome == "person-declined" or said is Purpose.DECLINED:
        return OUTCOMES["person-declined"]
    return "The person accepted social prescribing"


def _closed(
    session: Session, case: Case, message: GpMessage, begun: Summary, request: Mapping[str, Any]
) -> Summary:
    agreed, _ = agreed_items(session, case.id)
    words = message.words
    tasks = session.exec(
        select(CaseTask)
        .where(CaseTask.case == case.id, CaseTask.kind == "provider")
        .order_by(col(CaseTask.created), col(CaseTask.id))
    ).all()
    told: dict[str, Any] = {}
    if "needs" in agreed:
        told["needs"] = tuple(needs(session, tasks, request))
    if "activities" in agreed:
        told["offers"] = tuple(offers(session, tasks))
    if "measures" in agreed:
        told["measures"] = tuple(Measure(**each) for each in words.get("measures", ()))
    person = session.get(Person, case.person) if case.person else None
    if "next-step" in agreed and not (person and person.died):
        told["next_step"] = str(words.get("next_step", ""))
    wanted = {"needs", "activities", "measures", "next-step"}
    return replace(
        begun,
        outcome=OUTCOMES.get(case.outcome or "", ""),
        left_out=not wanted <= agreed,
        **told,
    )


def identity_of(patient: Mapping[str, Any] | None) -> Identity:
    """Who a Patient of a sender says that it is; the official name before the others."""
    if patient is None:
        return Identity()
    names = sorted(patient.get("name", ()), key=lambda each: each.get("use") != "official")
    name = names[0] if names else {}
    given = tuple(name.get("given", ()))
    family = name.get("family", "")
    number = nhs_number(patient)
    parts = [*name.get("prefix", ()), *given, family]
    return Identity(
        name=name.get("text") or " ".join(filter(None, parts)),
        family=family,
        given=given,
        born=patient.get("birthDate", ""),
        number=number.value if number else "",
        verified=bool(number and number.verified),
    )
