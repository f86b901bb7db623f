"""A listing's life: draft, approved, published, and its history."""
