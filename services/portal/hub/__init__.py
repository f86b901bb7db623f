"""A hub coordinator's pages: what waits today, the listings of the place, and who is to be rung.

They show what the APIs give the coordinator's own token. Another hub's things are not there, and
whatever is done is done under the coordinator's own name.
"""

from services.portal.hub import (
    announcements,
    approvals,
    calls,
    claims,
    funding,
    gaps,
    home,
    limits,
    listings,
    matches,
    messages,
    onboarding,
    reached,
    requests,
    rooms,
    sheets,
)

ROUTERS = (
    home.router,
    approvals.router,
    claims.router,
    matches.router,
    calls.router,
    sheets.router,
    requests.router,
    messages.router,
    listings.router,
    rooms.router,
    reached.router,
    *onboarding.ROUTERS,
    announcements.router,
    limits.router,
    funding.router,
    gaps.router,
)
