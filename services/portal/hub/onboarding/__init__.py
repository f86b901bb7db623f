"""Bringing a provider in: the list, one page for each, and where each step is done.

Each step is a fact of the service that owns it, asked for with the coordinator's own token.
"""

from services.portal.hub.onboarding import doing, listing, pages, papers, reached

ROUTERS = (pages.router, doing.router, listing.router, papers.router, reached.router)
"""The list and the page, what is done with it as a whole, and the steps."""
