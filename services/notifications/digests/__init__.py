"""What a contact wishes to hear once a day: gathered, sent as one message, and ended with it.

A notice that waits is a delivery of its own, which no worker claims; the digest that it is in is
one too, which a worker sends. However the digest ends, so do they, in the same transaction. One
that is superseded while it waits leaves the digest.
"""
