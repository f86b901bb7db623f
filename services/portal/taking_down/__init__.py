"""Staff take down what comes to the front door by phone or on paper (care 22)."""

from services.portal.taking_down import pages

ROUTERS = (pages.router,)
