"""Gaps in service: what nobody offers where it is needed, counted and acted upon (care 3)."""
