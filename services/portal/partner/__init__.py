"""The pages of a lived-experience partner: what there is, and what messages to people say."""

from services.portal.partner import messages, services

ROUTERS = (services.router, messages.router)
"""What there is comes first."""
