"""Which scopes and roles there are: a client with another one would silently get nothing."""

from collections.abc import Iterable

SCOPES = {
    "audit.read": "see who saw what, of all patients; for administrators",
    "cases": "work on cases: link workers, providers, hubs",
    "cases.break-glass": "open one case in an emergency, to read it for a while; for people alone",
    "clients.read": "see which clients are registered; for administrators",
    "clients.write": "register and change clients; for administrators",
    "directory.capacity": "pass on what the holder of a capacity link says; for services",
    "directory.read": "ask the directory what fits a person; see which funding ends",
    "directory.write": "change listings and capacity",
    "figures.read": "read counts that tell of nobody; for commissioners and researchers",
    "notifications.notices": "see and mark the notices of one's own organisation",
    "notifications.read": "see deliveries and contacts",
    "notifications.write": "change contacts, retry deliveries, note calls",
    "people.counted": "how many people can sign in for an organisation, and not who; for hubs",
    "people.organisation": "as people.read and people.write, for the people of one's own"
    " organisation; for its administrators",
    "people.read": "see who may sign in, as what, and when they did; for administrators",
    "people.write": "invite people, change their roles, end their access; for administrators",
    "referrals.person-messages": "tell a person what was agreed, and pass on what they say to it;"
    " for services",
    "referrals.practice": "send a GP practice's referrals, and see how each stands; for practices",
    "referrals.requests": "pass on what the holder of an answer link says; for services",
    "wordings.read": "read what messages to a person say, with an invented one; for partners",
    "tokens.introspect": "ask about everybody's tokens; for resource servers",
}
"""Kersey's own scopes; those of FHIR are SMART's, such as `system/Task.rs`."""

REGISTERING = frozenset(
    ["clients.read", "clients.write", "people.organisation", "people.read", "people.write"]
)
"""Whoever may register clients or invite people could become any of them: that is for nobody who
works on cases."""

SIGN_IN = {
    "openid": "who signed in",
    "profile": "their name",
    "email": "their e-mail address",
}
"""Scopes of OpenID Connect Core 1.0 (sections 3.1.2.1 and 5.4), for clients with people."""

ROLES = {
    "referral-sender": "its active ServiceRequests start cases",
    "fhir-client": "stores FHIR resources, which start nothing",
    "link-worker": "works on the cases of its link-worker service",
    "provider": "answers the requests to it",
    "coordinator": "sees its place, routes, answers on a provider's behalf",
    "commissioner": "pays for provision; sees where it ends",
    "analyst": "reads figures that tell of nobody",
    "service": "a service of Kersey itself",
}
"""What a client can be to the consortium."""


class NoSuchGrant(ValueError):
    """A scope or role that means nothing here, or that do not go together; the message says so."""


def check(scopes: Iterable[str], roles: Iterable[str]) -> None:
    """Refuse what means nothing, and an administrator who is also something else.

    Raises:
        NoSuchGrant: naming the first that is not known.
    """
    scopes, roles = tuple(scopes), tuple(roles)
    for scope in scopes:
        if scope not in SCOPES | SIGN_IN and not scope.startswith(("system/", "user/", "patient/")):
            raise NoSuchGrant(
                f"there is no scope {scope[:80]!r}; there are SMART's and: {', '.join(SCOPES)}"
            )
    for role in roles:
        if role not in ROLES:
            raise NoSuchGrant(f"there is no role {role[:80]!r}; there are: {', '.join(ROLES)}")
    if roles and not REGISTERING.isdisjoint(scopes):
        raise NoSuchGrant(
            f"the scope {' or '.join(sorted(REGISTERING))} is for a client without roles: "
            "register another one"
        )
