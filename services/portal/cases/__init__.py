"""The link worker's pages: their list, a case with its person, and the way to a service.

Nothing is decided, filtered or kept here: every page asks the other services' APIs with the token
of whoever is signed in, and shows what they answer.
"""

from services.portal.cases import (
    agreements,
    around,
    asking,
    case,
    closing,
    comparing,
    finding,
    first_visit,
    goals,
    gp_messages,
    leaflets,
    measures,
    requests,
    steps,
    supervising,
    team,
    worklist,
    worries,
)

ROUTERS = (
    worklist.router,
    team.router,
    supervising.router,
    case.router,
    worries.router,
    finding.router,
    comparing.router,
    leaflets.router,
    measures.router,
    goals.router,
    asking.router,
    agreements.router,
    requests.router,
    first_visit.router,
    gp_messages.router,
    around.router,
    closing.router,
    steps.router,
)
"""In the order in which they are tried: the steps' addresses would take the others'."""
