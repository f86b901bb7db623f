"""A person's rights over what is held about them: a copy, restriction, erasure (care 9, 12)."""
