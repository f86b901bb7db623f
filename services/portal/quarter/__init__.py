"""What a provider did in a quarter of a year: a page to hand to whoever pays."""

from services.portal.quarter import page

ROUTERS = (page.router,)
"""One page for each quarter."""
