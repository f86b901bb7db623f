"""A hub coordinator's pages: what waits today, the listings of the place, and who is to be rung.

They show what the APIs give the coordinator's own token. Another hub's things are not there, and
whatever is done is done under the coordinator's own name.
"""

from services.portal.hub import (
    approvals,
    calls,
    claims,
    funding,
    gaps,
    home,
    listings,
    matches,
    messages,
    requests,
    rooms,
)

ROUTERS = (
    home.router,
    approvals.router,
    claims.router,
    matches.router,
    calls.router,
    requests.router,
    messages.router,
    listings.router,
    rooms.router,
    funding.router,
    gaps.router,
)
