"""Looking up where a name leads, for no longer than an exchange may take.

The system's resolver takes as long as it likes and cannot be told to stop. Whoever registered a
name decides how slowly it is answered.
"""

import socket
import threading
from concurrent.futures import Future
from contextlib import suppress
from ipaddress import ip_address

from shared.strangers.deadline import Deadline

MOST_LOOK_UPS = 64
"""That are under way at once, those that nobody waits for any more among them."""


class Names:
    """Looks names up, each in a thread of its own, which is left behind when it is late.

    Whoever asks for a name that is being looked up waits for that: so a slow one holds a single
    thread, however often it is asked for. Safe in threads.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._under_way: dict[str, Future[list[str]]] = {}

    def addresses(self, host: str, deadline: Deadline) -> list[str]:
        """IP addresses of a name, or the one that it is.

        Raises:
            TimeoutError: they were not found in time.
            socket.gaierror: nobody has that name.
        """
        with suppress(ValueError):
            return [str(ip_address(host))]
        with self._changed:
            if not self._changed.wait_for(lambda: self._room(host), deadline.left):
                raise TimeoutError
            found = self._under_way.get(host) or self._begun(host)
        return found.result(deadline.left)

    def _room(self, host: str) -> bool:
        return host in self._under_way or len(self._under_way) < MOST_LOOK_UPS

    def _begun(self, host: str) -> Future[list[str]]:
        found: Future[list[str]] = Future()
        threading.Thread(
            target=self._look_up, args=(host, found), name="look-up", daemon=True
        ).start()
        self._under_way[host] = found  # the thread takes it out, once this one has left the lock
        return found

    def _look_up(self, host: str, found: Future[list[str]]) -> None:
        try:
            all_of_it = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            found.set_result([str(each[4][0]) for each in all_of_it])
        except BaseException as error:  # noqa: BLE001 - raised by whoever waits for it
            found.set_exception(error)
        finally:
            with self._changed:
                del self._under_way[host]
                self._changed.notify_all()
