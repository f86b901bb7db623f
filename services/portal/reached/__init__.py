"""How an organisation wants to be asked (care 24): addresses and numbers, kept by its manager."""

from services.portal.reached import contacts

ROUTERS = (contacts.router,)
"""The list, and one of them."""
