"""Demo data: deterministic, synthetic, obviously fictional."""
