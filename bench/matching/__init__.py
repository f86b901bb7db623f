"""How well a person's own words find what fits: full text alone, and with everyday phrases."""
