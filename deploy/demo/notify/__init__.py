"""A stand-in of GOV.UK Notify that speaks the same HTTP, for tests and the demo."""
