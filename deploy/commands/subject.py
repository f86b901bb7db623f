"""`kersey subject`: a person's rights over what is held about them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from services.referrals.desk import Desk
    from services.referrals.subject.erasing import Erased

app = typer.Typer(
    help="A person's rights: copy, restriction, erasure; legal holds.",
    no_args_is_help=True,
)

NhsNumber = Annotated[
    bool,
    typer.Option(
        "--nhs-number",
        help="Ask for the NHS number, or read it from standard input. It is never an argument, so"
        " that no shell history and no list of processes holds it. This is the default.",
    ),
]
PersonId = Annotated[UUID | None, typer.Option("--person", help="Kersey's own id of the person.")]
Patient = Annotated[
    str | None, typer.Option("--patient", help="Patient/ID, or the id of one that a sender sent.")
]
Referral = Annotated[
    str | None,
    typer.Option(
        "--referral",
        help="ServiceRequest/ID, or the id of one that a sender sent: for whom it names without a"
        " Patient.",
    ),
]
By = Annotated[str, typer.Option("--by", help="Your name or role, for the audit trail.")]
Lift = Annotated[bool, typer.Option("--lift", help="Lift it.")]


@app.command()
def export(
    to: Annotated[Path, typer.Option("--to", help="A new ZIP file.")],
    by: By,
    nhs_number: NhsNumber = False,
    person: PersonId = None,
    patient: Patient = None,
    referral: Referral = None,
) -> None:
    """Write a copy of all that any service holds about a person. JSON, and a summary to read."""
    from deploy.subjects import export as write

    with _house("subject export") as (desk, engines):
        found = _whom(desk, nhs_number, person, patient, referral)
        copy = write(desk, engines, found, to, by=by)
    typer.echo(f"{to}: {len(copy.documents)} records and {len(copy.rows)} tables")
    typer.echo("read it before you hand it over: its READ-ME.txt says why")


@app.command()
def restrict(
    by: By,
    lift: Lift = False,
    nhs_number: NhsNumber = False,
    person: PersonId = None,
    patient: Patient = None,
    referral: Referral = None,
) -> None:
    """Hide who the person is from every provider at once. `--lift` shows it again as agreed."""
    from services.referrals.subject.restricting import restrict as change

    with _house("subject restrict") as (desk, _):
        found = _whom(desk, nhs_number, person, patient, referral)
        subject = change(desk, found, by=by, restricted=not lift)
    state = "no longer restricted" if lift else "restricted"
    typer.echo(f"person {subject.person}: {state}, in {len(subject.cases)} of their cases")


@app.command()
def hold(
    by: By,
    lift: Lift = False,
    nhs_number: NhsNumber = False,
    person: PersonId = None,
    patient: Patient = None,
    referral: Referral = None,
) -> None:
    """Put a legal hold on a person's record. Nothing of it is erased until you `--lift` it."""
    from services.referrals.subject.restricting import hold as change

    with _house("subject hold") as (desk, _):
        found = _whom(desk, nhs_number, person, patient, referral)
        subject = change(desk, found, by=by, held=not lift)
    typer.echo(f"person {subject.person}: {'no longer held' if lift else 'held'}")


@app.command()
def erase(
    by: By,
    reason: Annotated[
        str, typer.Option(help="person-asked, sent-by-mistake or court-order.")
    ] = "person-asked",
    even_if_open: Annotated[
        bool, typer.Option("--even-if-open", help="End open cases first; open worries go too.")
    ] = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="Say what would go and stay; change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for the other services' confirmation.", min=0)
    ] = 60,
    nhs_number: NhsNumber = False,
    person: PersonId = None,
    patient: Patient = None,
    referral: Referral = None,
) -> None:
    """Erase a person in every service, and report what stays and why. It cannot be undone.

    With KERSEY_ERASURE_LIST set, the erasure is written to that file first: keep it apart from the
    backups, for `kersey subject reapply`.
    """
    from deploy import subjects
    from deploy.refusal import Refusal
    from services.referrals.subject.erasing import ASKED_FOR
    from services.referrals.subject.erasing import erase as do

    if reason not in ASKED_FOR:
        message = f"--reason is one of: {', '.join(ASKED_FOR)}"
        raise Refusal(message)
    with _house("subject erase") as (desk, engines), _refusals():
        found = _whom(desk, nhs_number, person, patient, referral)
        once = partial(do, desk, found, by=by, reason=reason)
        planned = once(even_if_open=even_if_open or preview, commit=False)
        _report(planned, done=False)
        if preview:
            typer.echo("nothing was changed")
            if planned.cases or planned.worries:
                stands = _still_open(planned.cases, planned.worries)
                typer.echo(f"without --even-if-open it is refused: {stands}")
            return
        if not yes:
            _confirm()
            planned = once(even_if_open=even_if_open, commit=False)  # as it is after the answer
        _keep(planned, reason, by)
        done = once(even_if_open=even_if_open)
        _report(done, done=True)
        typer.echo(f"person {done.subject.person}: erased")
        forms = subjects.forget_half_typed(engines, done.subject.cases)
        typer.echo(f"portal: {forms} forms that staff had begun are gone")
        missing = subjects.confirmed(
            desk, done.subject.person, wait, lambda service: typer.echo(f"{service}: confirmed")
        )
        if missing:
            message = (
                f"not confirmed yet by {', '.join(missing)}: does `kersey worker` run for it? It"
                " erases as soon as it can; `kersey subject status` shows when it has"
            )
            raise Refusal(message)
        subjects.forget(engines)


@app.command()
def status() -> None:
    """List all erasures, by id, and which services confirmed each."""
    from deploy.shown_table import show_table
    from deploy.subjects import must_confirm
    from services.referrals.subject.confirming import listed

    services = must_confirm()
    rows = []
    with _house("subject status") as (desk, _):
        for line in listed(desk):
            row = line.erasure
            said = [
                line.confirmed[each].isoformat(timespec="seconds")
                if each in line.confirmed
                else "not yet"
                for each in services
            ]
            when = row.erased.isoformat(timespec="seconds")
            rows.append((str(row.person), when, row.asked_by, row.reason, *said))
    show_table(("person", "erased", "by", "reason", *services), rows)


@app.command("list")
def write_list(
    file: Annotated[Path, typer.Argument(help="A file to be kept apart from the backups.")],
) -> None:
    """Write the list of erasures into a file. Ids and codes, one JSON object a line.

    A list that is there already is replaced, unless it has erasures that this database does not
    know.
    """
    from deploy.subjects import keep
    from services.referrals.subject.confirming import listed
    from services.referrals.subject.reapplying import ErasureLine

    with _house("subject list") as (desk, _):
        lines = [ErasureLine.of(each.erasure) for each in listed(desk)]
    keep(file, lines)
    typer.echo(f"{file}: {len(lines)} erasures")


@app.command()
def reapply(
    file: Annotated[Path, typer.Argument(help="What `list` or KERSEY_ERASURE_LIST has written.")],
    by: By,
) -> None:
    """After a backup was restored, erase again all on the list. In every service."""
    from deploy import subjects
    from services.referrals.subject.reapplying import reapply as do

    lines = list(subjects.lines_of(file))
    with _house("subject reapply") as (desk, engines):
        known = sum(known for _, known in do(desk, lines, by=by))
        cases = {case for line in lines for case in line.cases}
        subjects.forget_half_typed(engines, cases)
        subjects.forget(engines)
    typer.echo(f"{len(lines)} erasures applied, {known} of persons whom the database knew")
    newest = max((line.erased for line in lines), default=None)
    last = f"of {newest.isoformat(timespec='minutes')}" if newest else "none at all"
    typer.echo(f"the last on the list: {last}; who was erased later is back")
    typer.echo("`kersey subject status` shows which services have confirmed")


@contextmanager
def _house(command: str) -> "Iterator[tuple[Desk, dict[str, Engine]]]":
    """The referrals service's desk and every service's engine."""
    from deploy.every_database import every_database
    from deploy.settings import OperatorSettings
    from deploy.subjects import desk

    settings = OperatorSettings()
    with every_database(settings, command) as engines:
        yield desk(settings, engines), dict(engines)


def _whom(
    desk: "Desk",
    nhs_number: bool,
    person: UUID | None,
    patient: str | None,
    referral: str | None,
) -> UUID:
    """The person who is meant; what is wrong is told without the number."""
    from deploy.refusal import Refusal
    from services.referrals.subject import finding

    if sum((nhs_number, *(each is not None for each in (person, patient, referral)))) > 1:
        message = "say one of --nhs-number, --person, --patient and --referral"
        raise Refusal(message)
    number = None if person or patient or referral else _asked_number()
    try:
        with desk.work() as uow:
            if patient:
                return finding.by_patient(uow.session, patient.removeprefix("Patient/"))
            if referral:
                return finding.by_referral(uow.session, referral.removeprefix("ServiceRequest/"))
            if number:
                return finding.by_nhs_number(uow.session, number)
            assert person is not None
            return finding.subject_of(uow.session, person).person
    except finding.NoSuchPerson as error:
        message = (
            "nobody is known by that. --patient takes the id that Kersey answered when the Patient"
            " was sent (Patient/7), --referral that of the ServiceRequest, --person the id of a"
            " record as `subject export` names it; without these the NHS number is asked for."
            " Whoever was erased is not found any more"
        )
        raise Refusal(message) from error
    except finding.SeveralPersons as several:
        ids = ", ".join(map(str, several.persons))
        message = f"several records have this number; say --person with one of: {ids}"
        raise Refusal(message) from several


def _asked_number() -> str:
    import sys

    from deploy.refusal import Refusal
    from shared.fhir.nhs import is_nhs_number

    if sys.stdin.isatty():
        said = typer.prompt("NHS number", hide_input=True)
    else:
        said = sys.stdin.readline()
    number = "".join(str(said).split()).replace("-", "")
    if not number:
        message = "no NHS number came: type it, or say --patient, --referral or --person"
        raise Refusal(message)
    if not is_nhs_number(number):
        message = (
            "that is no NHS number: it has ten digits, of which the last is worked out from the"
            " others. Look for a slip, or say --patient, --referral or --person"
        )
        raise Refusal(message)
    return number


def _confirm() -> None:
    from deploy.refusal import Refusal

    try:
        typer.confirm("Erase? It cannot be undone", abort=True)
    except typer.Abort as abort:
        message = "nothing was erased: answer y, or say --yes where nobody can be asked"
        raise Refusal(message) from abort


@contextmanager
def _refusals() -> Iterator[None]:
    """What stands against an erasure, in words."""
    from deploy.refusal import Refusal
    from services.referrals.subject.erasing import Held, StillOpen

    try:
        yield
    except Held as held:
        message = (
            "there is a legal hold on this record: nothing is erased until it is lifted with"
            " `kersey subject hold --lift`"
        )
        raise Refusal(message) from held
    except StillOpen as still:
        raise Refusal(_still_open(still.cases, still.worries)) from still


def _still_open(cases: int, worries: int) -> str:
    """Why an erasure is refused without --even-if-open, and what to do first."""
    stands = []
    if cases:
        stands.append(
            f"{cases} of this person's cases are open: somebody is waiting for them. Close them"
            " with the person"
        )
    if worries:
        stands.append(
            f"{worries} of the worries about this person are open: somebody may be in danger. Have"
            " their team write what came of each, which closes it"
        )
    return (
        f"{'. '.join(stands)}. Or say --even-if-open: then open cases are withdrawn, everybody who"
        " was asked is told so, and what was written about a worry is gone, looked at or not"
    )


def _report(erased: "Erased", *, done: bool) -> None:
    from deploy.shown_table import show_table

    subject = erased.subject
    typer.echo(f"person {subject.person}, {len(subject.cases)} cases")
    gone, stays = ("gone", "stays") if done else ("would go", "would stay")
    show_table(
        ("records", "how many", gone, f"what {stays}, and why"),
        [
            (each.record, str(each.rows), "all" if each.gone else "the content", each.why)
            for each in erased.effects
        ],
        ruled=True,
    )
    _recipients([f"{each.name} ({each.provider})" for each in erased.recipients])


def _recipients(told: Sequence[str]) -> None:
    if told:
        typer.echo("these were told who the person is; tell them of the erasure (Art. 19):")
    for each in told:
        typer.echo(f"  {each}")


def _keep(planned: "Erased", reason: str, by: str) -> None:
    """Write the erasure to the list's file, before it is done: a crash then erases too much never
    and too little never."""
    from datetime import UTC, datetime

    from deploy.settings import OperatorSettings
    from deploy.subjects import append
    from services.referrals.subject.reapplying import ErasureLine

    file = OperatorSettings().erasure_list
    if file is not None:
        subject = planned.subject
        line = ErasureLine(
            person=subject.person,
            persons=subject.persons,
            cases=subject.cases,
            reason=reason,
            asked_by=by,
            erased=datetime.now(UTC),
        )
        append(file, line)
