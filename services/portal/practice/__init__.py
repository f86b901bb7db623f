"""The pages of whoever works at a GP practice: refer a patient, see how each referral stands."""

from services.portal.practice import referring, sent

ROUTERS = (sent.router, referring.router)
"""The list, and the form."""
