"""Closing days and term breaks: whoever keeps a listing says them, and nobody is chased in them."""
