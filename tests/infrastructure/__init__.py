"""Finds or brings up the real parts that the tests talk to."""
