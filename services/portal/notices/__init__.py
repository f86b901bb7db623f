"""What is new for whoever is signed in: their organisation's notices, and how many are unread."""

from services.portal.notices import board, following

ROUTERS = (following.router, board.router)
"""The stream first: the board would take its address for a notice's."""
