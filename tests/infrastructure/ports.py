"""Ports for servers that take the one they are told, some seconds later, or again after a stop."""

import random
import socket

BELOW_EPHEMERAL = range(15_000, 32_000)
"""Below what systems give to outgoing connections (Linux from 32768, IANA from 49152). One of
theirs could be taken by any connection, even by a client that tries to reach the stopped server
itself: that connects to itself and holds the port."""


def quiet_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on and no outgoing connection is given."""
    while True:
        port = random.SystemRandom().choice(BELOW_EPHEMERAL)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
