"""The scopes of the case API, and of whoever looks after the audit trail."""

CASES = "cases"
"""For people and systems that work on cases: link workers, providers, hubs."""
ANSWERS = "referrals.requests"
"""For the service that passes on what the holder of a verified link said."""
AUDITS = "audit.read"
"""For administrators: AuditEvents about everybody, not only about the patients of one's own."""
