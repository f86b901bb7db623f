"""What the case API takes; whatever is not declared here is refused."""

from datetime import date as Date  # noqa: N812 - a field is called date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
)

from services.referrals.visits import Company

PLAIN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"
"""No control characters: nobody writes them, and PostgreSQL's text cannot hold all of them."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=PLAIN)]
Said = Annotated[Line, StringConstraints(min_length=1)]
"""What would say nothing if it were empty: a name that is shared is no name then."""
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=PLAIN)]
Address = Annotated[
    str, StringConstraints(max_length=200, pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x1f]+$")
]
"""A URI: it becomes the `system` of a Coding, where FHIR allows no white space."""
MayStay = Annotated[list[Said], Field(default_factory=list, max_length=20)]
"""Words in a text for a provider of which a link worker says that they tell nobody who it is."""
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]


class Body(BaseModel):
    """A request body; what is not declared is refused."""

    model_config = ConfigDict(extra="forbid")


class Need(Body):
    """What the person wants help with."""

    code: Slug
    system: Address | None = None
    display: Line | None = None


class Override(Body):
    """One thing that matching had against a service, and why it is asked all the same (care 26).

    What matching calls hard is not among them: limits of safety and of law.
    """

    criterion: Literal[
        "area",
        "distance",
        "time",
        "free_places",
        "cost",
        "language",
        "company",
        "format",
        "access",
    ]
    reason: Annotated[Said, StringConstraints(min_length=3)]


def _each_once(overrides: list[Override]) -> list[Override]:
    if len({each.criterion for each in overrides}) < len(overrides):
        raise ValueError("each criterion is overridden once")
    return overrides


class AskBody(Body):
    """A request to a provider; see `handlers.onward.Ask`."""

    service: UUID
    needs: list[Need] = Field(min_length=1, max_length=40)
    text: Words = ""
    when: Line = ""
    where: Line = ""
    access_needs: list[Said] = Field(default_factory=list, max_length=20)
    share: dict[str, Said] = Field(default_factory=dict)
    how: str = "verbal"
    expires: AwareDatetime | None = None
    several_because: Line | None = None
    full_because: Line | None = None
    overrides: Annotated[list[Override], AfterValidator(_each_once)] = Field(default_factory=list)
    may_stay: MayStay


class RenewBody(Body):
    """The person still agrees to share; see `handlers.renewing`."""

    how: str = "verbal"
    expires: AwareDatetime | None = None


class ReasonBody(Body):
    """Why; one of a declared list of codes."""

    reason: Slug | None = None


class RouteBody(Body):
    """Which link-worker service gets an unrouted referral."""

    team: UUID


class HandOverBody(ReasonBody):
    """Which link-worker service gets the case, and why."""

    team: UUID


class ContactBody(Body):
    """One contact with the person, or the try, and what comes next."""

    reached: StrictBool
    how: Literal["phone", "visit", "video", "text", "email", "letter", "other"]
    minutes: int | None = Field(default=None, ge=0, le=600, strict=True)
    next_step: Line = ""
    next_on: Date | None = None
    visit_checked: StrictBool = False


class Measured(Body):
    """An outcome measure before and after, or why nobody asked: never required (care 19)."""

    name: Said
    before: Line = ""
    after: Line = ""
    not_asked: Line = ""


class ForPractice(Body):
    """What the summary for the GP says beside what Kersey knows, as far as the person agreed."""

    next_step: Words = ""
    measures: list[Measured] = Field(default_factory=list, max_length=20)


class CloseBody(Body):
    """How the case ends (care 20)."""

    outcome: Slug
    for_practice: ForPractice | None = None

    def told(self) -> dict[str, Any]:
        """What the practice is told beside the outcome."""
        return self.for_practice.model_dump(exclude_none=True) if self.for_practice else {}


class AnsweredBy(Body):
    """Whose answer a service passes on."""

    contact: UUID
    via: Slug


class AnswerBody(Body):
    """A provider's answer."""

    decision: Slug
    reason: Slug | None = None
    note: Words | None = None
    answered_by: AnsweredBy | None = None


class ViewerBody(Body):
    """Who will see the identity, where a service asks for somebody."""

    viewer: AnsweredBy | None = None


class CompanyBody(Body):
    """Who goes along, and when and where they meet the person."""

    who: Company | None = None
    meet: Line = ""


class FirstVisitBody(Body):
    """When the first visit is; who goes along is the team's to say, and stays where nobody says."""

    starts: AwareDatetime
    minutes: int = Field(default=60, ge=5, le=480, strict=True)
    company: CompanyBody | None = None
    said_by: AnsweredBy | None = None


class CalledOffBody(Body):
    """On which day the person does not come."""

    day: Date


class ProgressBody(Body):
    """What came of it."""

    action: Slug
    date: Date | None = None
    note: Words | None = None
    reported_by: AnsweredBy | None = None
