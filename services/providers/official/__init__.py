"""Official geography: postcodes, deprivation and boundaries, from the files that offices publish.

`files` opens them, `columns` knows their headings, `load` brings one in, `settling` works out what
follows (which ward a postcode lies in, which hub's place that is).
"""
