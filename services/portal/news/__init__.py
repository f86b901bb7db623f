"""What one's hub announces: on the first page of whoever is signed in, and as a list."""

from services.portal.news import pages

ROUTERS = (pages.router,)
"""The list, and that one of them was read."""
