"""Creates at a chosen moment, over connections that stay open.

wrk cannot say when which request was answered, and a client of httpx takes seven milliseconds of
the machine for a request: it would measure itself.
"""

import asyncio

from bench.wrk import Refused

MOST = 64
"""Connections at a time; whoever finds none free waits for one."""

_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Sender:
    """Posts FHIR resources to one address.

    Parameters:
        port: of 127.0.0.1.
        path: of the address.
        token: a bearer token.
    """

    def __init__(self, port: int, path: str, token: str) -> None:
        self._port = port
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/fhir+json\r\nContent-Length: "
        ).encode()
        self._free: list[_Connection] = []
        self._places = asyncio.Semaphore(MOST)

    async def post(self, body: bytes) -> str:
        """Where the new resource is.

        Raises:
            Refused: it was not created.
        """
        async with self._places:
            reader, writer = self._free.pop() if self._free else await self._connected()
            writer.write(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status, *lines = head.split("\r\n")
            headers = {name.lower(): value for name, _, value in (x.partition(": ") for x in lines)}
            said = await reader.readexactly(int(headers["content-length"]))
            if status.split()[1] != "201":
                raise Refused(f"{status}: {said.decode()}")
            self._free.append((reader, writer))
            return headers["location"]

    async def _connected(self) -> _Connection:
        return await asyncio.open_connection("127.0.0.1", self._port)

    def close(self) -> None:
        """Close the connections."""
        for _, writer in self._free:
            writer.close()
