"""What a person can be to an organisation, and what each of these lets them do: declared once.

Each role has least sight: the scopes that its day's work needs and no other. Which cases and
listings somebody sees with a scope is decided by the services, by the organisation and by what it
is to the case.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.languages import _

ORGANISATION_ADMINISTRATOR = "organisation-administrator"
"""Whoever keeps the accounts of one organisation; can be given in each."""

WORK = ("user/*.rs", "user/Task.u", "cases")
"""What whoever works on cases needs; the services narrow it to the organisation's own."""


@dataclass(frozen=True)
class Role:
    """One role.

    Attributes:
        name: in tokens and commands.
        title: for people.
        about: what somebody does in it.
        acts_as: what the services know the organisation as, when this person acts for it.
        scopes: all that a token for it may allow.
        alone: whether its holder may have no other role anywhere.
        by_link: whether a link by e-mail may stand in for the password.
        kind: of which organisations it is a part, whose own administrator may give it to others
            once one of its people has it or another of the kind; empty for what shows more than
            the own organisation, which only an administrator of all accounts gives.
    """

    name: str
    title: str
    about: str
    acts_as: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    alone: bool = False
    by_link: bool = False
    kind: str = ""


ROLES: dict[str, Role] = {
    each.name: each
    for each in (
        Role(
            "link-worker",
            _("Link worker"),
            "works with people, on the cases of a team",
            ("link-worker",),
            (*WORK, "directory.read", "notifications.notices", "notifications.read"),
            kind="team",
        ),
        Role(
            "team-lead",
            _("Team lead"),
            "allocates a team's cases and supports its link workers",
            ("link-worker",),
            (*WORK, "directory.read", "notifications.notices", "notifications.read"),
            kind="team",
        ),
        Role(
            "provider-staff",
            _("Provider staff"),
            "answers requests to a provider and keeps its register",
            ("provider",),
            (
                "user/ServiceRequest.rs",
                "user/Task.rus",
                "user/Patient.rs",
                "cases",
                "notifications.notices",
            ),
            by_link=True,
            kind="provider",
        ),
        Role(
            "provider-manager",
            _("Provider manager"),
            "as provider staff; keeps the provider's listings and contacts too",
            ("provider",),
            (
                "user/ServiceRequest.rs",
                "user/Task.rus",
                "user/Patient.rs",
                "cases",
                "directory.write",
                "notifications.notices",
                "notifications.read",
                "notifications.write",
            ),
            by_link=True,
            kind="provider",
        ),
        Role(
            "hub-coordinator",
            _("Hub coordinator"),
            "routes what nobody covers, approves listings, answers on a provider's behalf",
            ("coordinator",),
            (
                *WORK,
                "directory.read",
                "directory.write",
                "notifications.notices",
                "notifications.read",
                "notifications.write",
                "people.counted",
            ),
            kind="hub",
        ),
        Role(
            "duty-lead",
            _("Hub duty lead"),
            "opens one person's case in an emergency when its team cannot be reached, for a while"
            " and to read it",
            (),
            ("cases.break-glass",),
        ),
        Role(
            "care-navigator",
            _("Practice care navigator"),
            "refers a practice's patients and sees what came of it",
            ("referral-sender",),
            ("referrals.practice",),
            kind="practice",
        ),
        Role(
            "commissioner",
            _("Commissioner"),
            "pays for provision; sees where it ends and what is missing, in numbers, and nobody's"
            " case",
            ("commissioner",),
            ("directory.read", "figures.read"),
        ),
        Role(
            "researcher",
            _("Researcher"),
            "reads numbers that tell of nobody, without the names of groups",
            ("analyst",),
            ("figures.read",),
        ),
        Role(
            "lived-experience-partner",
            _("Lived-experience partner"),
            "helps to shape the service; sees the public directory, what messages say, and nobody's"
            " case",
            (),
            ("wordings.read",),
            kind="partners",
        ),
        Role(
            ORGANISATION_ADMINISTRATOR,
            _("Administrator of an organisation"),
            "invites people to their own organisation, says what they are to it, and locks them",
            (),
            ("people.organisation",),
        ),
        Role(
            "administrator",
            _("Administrator of all accounts"),
            "invites anybody anywhere and registers systems, and may do nothing else",
            (),
            ("people.read", "people.write", "clients.read", "clients.write"),
            alone=True,
        ),
    )
}
"""By name."""

ALONE = frozenset(each.name for each in ROLES.values() if each.alone)
"""Those that go with no other."""


class NoSuchRole(ValueError):
    """A role that there is not, or roles that do not go together; the message says so."""


def check(names: Iterable[str]) -> None:
    """Refuse roles that nobody can hold, or hold together.

    Args:
        names: all the roles of one account, whatever the organisation.

    Raises:
        NoSuchRole: with the roles that there are, or the one that must stand alone.
    """
    held = set(names)
    unknown = sorted(held - ROLES.keys())
    if unknown:
        message = f"there is no role {unknown[0][:50]!r}; there are: {', '.join(ROLES)}"
        raise NoSuchRole(message)
    alone = [name for name in sorted(held) if ROLES[name].alone]
    if alone and len(held) > 1:
        message = f"{alone[0]} goes with no other role: make another account for the other work"
        raise NoSuchRole(message)


def given_within(held: Iterable[str]) -> tuple[str, ...]:
    """The roles that the administrator of one organisation may give there, in our order.

    None by which somebody comes to see what nobody of the organisation sees: those of its kind,
    which shows in what its people are, and the administrator's own.

    Args:
        held: what people are to the organisation.
    """
    kinds = {ROLES[name].kind for name in held if name in ROLES} - {""}
    return tuple(
        name
        for name, role in ROLES.items()
        if role.kind in kinds or name == ORGANISATION_ADMINISTRATOR
    )


def by_link(names: Iterable[str]) -> bool:
    """Whether whoever holds these roles, and no other, may sign in by a link."""
    held = [ROLES.get(name) for name in names]
    return bool(held) and all(role is not None and role.by_link for role in held)


def scopes_of(names: Iterable[str]) -> tuple[str, ...]:
    """All that roles allow together, each scope once."""
    return tuple(dict.fromkeys(scope for name in names for scope in ROLES[name].scopes))


def told(names: Iterable[str]) -> list[str]:
    """What a token says of roles: their own names, and what the services know them as."""
    held = list(names)
    acting = [each for name in held for each in ROLES[name].acts_as]
    return list(dict.fromkeys([*held, *acting]))


def every_scope() -> tuple[str, ...]:
    """All that any role allows: what a client for everybody's work registers for."""
    return scopes_of(ROLES)


def markdown() -> str:
    """The declared roles as a table for the operators' guide."""
    lines = ["| role | who that is | scopes |", "|---|---|---|"]
    lines += [
        f"| `{each.name}` | {each.title}: {each.about} |"
        f" {' '.join(f'`{scope}`' for scope in each.scopes) or 'none'} |"
        for each in ROLES.values()
    ]
    return "\n".join(lines)
