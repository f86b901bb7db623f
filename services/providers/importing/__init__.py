"""Listings of others into the directory: live feeds, files and data packages.

`reading/` makes records of whatever form they come in; `mending/` makes each a listing, by
declared repairs; `taking.py` publishes them in batches; `runs.py` is an import from its beginning
to its end.
"""
