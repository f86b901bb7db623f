"""Who came: the register of each meeting, for whoever works for a provider."""

from services.portal.register import days, sheet

ROUTERS = (days.router, sheet.router)
"""Which service and which day, and the register of one meeting."""
