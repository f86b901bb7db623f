"""When a provider is closed: its manager says so, or its hub's coordinator for it.

The directory knows who may; whoever says it is noted there, under their own account.
"""

from services.portal.closed import days

ROUTERS = (days.router,)
"""One page."""
