"""Claims: a provider's own staff ask to keep a listing that somebody else brought."""
