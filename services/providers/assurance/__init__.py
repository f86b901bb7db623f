"""Whether a listing can be relied on: who last looked, and who is asked to."""
