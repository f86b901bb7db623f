"""The body of a request to the issuer, bounded before anything is made of it."""

from fastapi import Request

from shared.problems import Problem

MAX_BODY = 64 * 1024
"""Bytes of a request; an assertion takes one or two thousand."""


async def bounded(request: Request) -> bytes:
    """The body.

    Raises:
        Problem: 413 beyond `MAX_BODY`.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise Problem(
                413, "The request is too large", f"A request has {MAX_BODY} bytes at most."
            )
    return bytes(body)
