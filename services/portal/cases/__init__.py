"""The link worker's pages: their list, a case with its person, and the way to a service.

Nothing is decided, filtered or kept here: every page asks the other services' APIs with the token
of whoever is signed in, and shows what they answer.
"""

from services.portal.cases import (
    asking,
    case,
    finding,
    first_visit,
    gp_messages,
    requests,
    steps,
    worklist,
)

ROUTERS = (
    worklist.router,
    case.router,
    finding.router,
    asking.router,
    requests.router,
    first_visit.router,
    gp_messages.router,
    steps.router,
)
"""In the order in which they are tried: the steps' addresses would take the others'."""
