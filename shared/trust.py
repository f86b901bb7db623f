"""Whom outgoing TLS connections trust."""

import ssl
from functools import cache


@cache
def system_authorities() -> ssl.SSLContext:
    """The authorities of this system, an operator's own among them, where they were added.

    Read once for a process: each reading takes tens of milliseconds of processor time, and every
    client would read them for itself.
    """
    return ssl.create_default_context()
