"""The scopes of the case API."""

CASES = "cases"
"""For people and systems that work on cases: link workers, providers, hubs."""
ANSWERS = "referrals.requests"
"""For the service that passes on what the holder of a verified link said."""
