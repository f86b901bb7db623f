"""The use cases: one function, one transaction each, committed before it returns."""
