"""Calls Kersey as a real integration engine does: again, until it knows."""

import threading
import time
from typing import Any

import httpx

from deploy.demo_tokens import NoToken, access_token

PATIENCE = 240.0
"""Seconds for which one call is repeated: the database and half of the replicas may be away."""


class NotTaken(AssertionError):
    """A call was refused for good, or never answered."""


class Caller:
    """One client of Kersey. Safe to share between threads.

    Parameters:
        url: where Kersey answers.
        name: the demo client.
    """

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._http = httpx.Client(base_url=url, timeout=30, verify=False)
        self._token: str | None = None
        self._turn = threading.Lock()
        self.repeats = 0

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """Make a call, and make it again while nobody answers or the answer is that nobody can.

        Returns: the JSON that was answered; None where an earlier try, whose answer was lost, had
            done it already.

        Raises:
            NotTaken: it was refused, or `PATIENCE` ran out.
        """
        deadline = time.monotonic() + PATIENCE
        lost = False
        said = "nothing"
        while time.monotonic() < deadline:
            try:
                answer = self._http.request(method, path, headers=self._signed(), **arguments)
            except NoToken as error:
                said = str(error)
            except httpx.TransportError as error:
                said, lost = repr(error), True
            else:
                if answer.is_success:
                    return answer.json() if answer.content else None
                said = f"{answer.status_code} {answer.text[:500]}"
                if answer.status_code == 401:
                    self._token = None
                elif answer.status_code >= 500:
                    lost = True
                elif lost and answer.status_code in {409, 422}:
                    return None
                else:
                    break
            with self._turn:
                self.repeats += 1
            time.sleep(0.1)
        raise NotTaken(f"{self._name}: {method} {path}: {said}")

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def _signed(self) -> dict[str, str]:
        with self._turn:
            if self._token is None:
                self._token = access_token(self._url, self._name)
            return {"Authorization": f"Bearer {self._token}"}
