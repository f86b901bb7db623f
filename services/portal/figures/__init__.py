"""The pages of commissioners and researchers: numbers that tell of nobody, each with its chart."""

from services.portal.figures import money, pages

ROUTERS = (money.router, pages.router)
"""Money that ends, and the figures, whose addresses end with any quarter."""
