"""The front door: one page per hub by which anyone can refer, without an account (care 22)."""
