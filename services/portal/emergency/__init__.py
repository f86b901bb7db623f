"""Opening one case in an emergency, for a hub's duty lead; and what its team and hub see of it."""

from services.portal.emergency import finding, opening, told

ROUTERS = (finding.router, opening.router, told.router)
"""Before the pages of cases, whose addresses would take these."""
