"""The whole directory given out: as JSON, as NDJSON, and as the HSDS tabular data package.

What is in it is what the public reads show, no more: no withdrawn service, no funder's amount.
However much that is, a batch of it is in memory at a time.
"""
