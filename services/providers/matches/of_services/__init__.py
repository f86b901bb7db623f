"""One service in two sources: proposed by likeness, decided by a coordinator."""
