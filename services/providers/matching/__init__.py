"""Matching: from what a person needs to services, ranked, with the reasons.

One engine answers both a simple search (GET /directory/search) and a person's whole question
(POST /directory/match). Yes, no and unknown are three answers, unknown never excludes, and only
limits of safety and of law are hard (care 26).
"""

from services.providers.matching.engine import match, search
from services.providers.matching.request import MatchRequest

__all__ = ["MatchRequest", "match", "search"]
