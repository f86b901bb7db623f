"""How an organisation wants to be asked (care 24): addresses and numbers, kept by its manager."""

from services.portal.reached import contacts, quiet

ROUTERS = (quiet.router, contacts.router)
"""Quiet hours; the list, and one of them."""
