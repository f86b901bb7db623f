"""The MESH mailbox: letters go out, responses and reports come in. Over the NHS's own client."""

import unicodedata
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import requests
from mesh_client import MeshClient, MeshError
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError

from services.referrals.gp.mesh.itk3 import MEDIA_TYPE, Sender, message, subject_line
from services.referrals.gp.mesh.settings import MeshSettings
from services.referrals.gp.summary import Summary
from services.referrals.gp.writing import Written
from shared.delivery import InDoubt, Permanent, Temporary

REPORT = "REPORT"
PAGE = 100
MOST = 10_000
"""Of what lies in the inbox, at one look. Nothing lies there for longer than MESH's five days."""
MOST_BYTES = 1024 * 1024
"""A response is a few KB; more than this is none."""

_ABOUT_US = frozenset({401, 403, 407})
"""Our certificate, password or key: an operator puts it right, and then it goes."""


@dataclass(frozen=True)
class Received:
    """One thing in the inbox.

    Attributes:
        id: MESH's id of it.
        workflow: what kind of message it is.
        report: the code of an error report, such as `epl-151`; None where it is none.
        linked: MESH's id of the message that a report is about.
        data: its content.
    """

    id: str
    workflow: str
    report: str | None
    linked: str | None
    data: bytes


class _Client(MeshClient):
    """Goes nowhere but to MESH: no redirect, no proxy or password from the environment."""

    def __init__(self, settings: MeshSettings) -> None:
        pair = (settings.certificate, settings.private_key)
        super().__init__(
            settings.url,
            settings.mailbox,
            settings.password.get_secret_value(),
            shared_key=settings.shared_key.get_secret_value().encode(),
            cert=(str(pair[0]), str(pair[1])) if all(pair) else None,
            verify=str(settings.authorities) if settings.authorities else None,
            max_retries=0,
            timeout=settings.timeout_seconds,
            application_name="Kersey",
        )
        self._session.max_redirects = 0
        self._session.trust_env = False


class MeshMailbox:
    """Sends letters and empties the inbox. Safe in threads: each exchange has its own session.

    Args:
        settings: of the mailbox.
        clock: the time of day.
        chunk_bytes: a longer message goes in parts (MESH takes 100 MB in one).
    """

    def __init__(
        self,
        settings: MeshSettings,
        clock: Callable[[], datetime],
        *,
        chunk_bytes: int = 75 * 1024 * 1024,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._chunk = chunk_bytes
        self._sender = Sender(settings.mailbox, settings.ods_code)

    def send(self, written: Written) -> str:
        """See `posting.Mailbox`."""
        it, sent = written.summary, written.message
        person = it.person
        if not (person.verified and person.born and person.family):
            raise Permanent("no-identity")
        body = message(sent.id, sent.itk_id, it, written.pdf, self._sender, self._clock())
        with self._exchange() as client:
            recipient = self._recipient(client, it, sent.practice)
            return client.send_message(
                recipient,
                body,
                max_chunk_size=self._chunk,
                compress=True,
                workflow_id=self.settings.workflow,
                local_id=self.settings.ods_code,
                subject=_plain(subject_line(it, self._sender)),
                filename=f"{sent.id}.xml",
                content_type=MEDIA_TYPE,
            )

    def inbox(self) -> list[str]:
        """MESH's ids of all that lies in the inbox, oldest first, other systems' too.

        Raises:
            Undelivered: MESH cannot be asked now.
        """
        with self._exchange() as client:
            return list(islice(client.iterate_message_ids(batch_size=PAGE), MOST))

    def retrieve(self, key: str) -> Received:
        """One thing from the inbox; it stays there until `acknowledge`.

        Raises:
            Temporary: MESH cannot be asked now.
            Permanent: this one cannot be had, or not be read.
        """
        with self._exchange() as client:
            try:
                found = client.retrieve_message(key)
                try:
                    is_report = (found.message_type or "").upper() == REPORT
                    return Received(
                        id=key,
                        workflow=found.workflow_id or "",
                        report=str(found.mex_header("statuscode", "")).lower() or "unknown"
                        if is_report
                        else None,
                        linked=found.mex_header("linkedmsgid"),
                        data=b"" if is_report else found.read(MOST_BYTES),
                    )
                finally:
                    found.close()  # type: ignore[no-untyped-call]
            except (ValueError, zlib.error) as error:
                raise Permanent("unreadable") from error

    def acknowledge(self, key: str) -> None:
        """Have MESH forget what was dealt with.

        Raises:
            Temporary: MESH cannot be asked now; it will be there again.
        """
        with self._exchange() as client:
            client.acknowledge_message(key)

    def _recipient(self, client: MeshClient, it: Summary, practice: str) -> str:
        """To whom: MESH finds the registered practice by the patient, or we its mailbox."""
        person = it.person
        if self.settings.routing == "registered-practice":
            # MESH guidance hub, endpoint lookup service: GPPROVIDER_number_YYYYMMDD_surname.
            born = person.born.replace("-", "")
            family = _plain(person.family).replace("_", " ")
            if len(born) != 8 or not family:
                raise Permanent("no-identity")
            return f"GPPROVIDER_{person.number}_{born}_{family}"
        found = client.lookup_endpoint(practice, self.settings.workflow)["results"]
        if len(found) != 1:
            raise Permanent("no-mailbox" if not found else "epl-150")
        return found[0]["mailbox_id"]

    @contextmanager
    def _exchange(self) -> Iterator[MeshClient]:
        """A session with MESH, what goes wrong in it told as what follows from it.

        Raises:
            Undelivered: one of its kinds.
        """
        try:
            with _Client(self.settings) as client:
                yield client
        except MeshError as error:
            raise _refused(error) from None
        except requests.HTTPError as error:
            status = error.response.status_code
            code = f"http-{status}"
            if status >= 500 or status == 429 or status in _ABOUT_US:
                raise Temporary(code) from None
            raise Permanent(code) from None
        except requests.TooManyRedirects:
            raise Permanent("mesh-redirects") from None
        except (requests.exceptions.SSLError, requests.exceptions.ConnectTimeout):
            raise Temporary("unreachable") from None
        except requests.ConnectionError as error:
            raise _broken(error) from None
        except requests.Timeout:
            raise InDoubt("timeout") from None
        except HTTPError:  # the line broke in what is read, which `requests` does not look at
            raise Temporary("connection-broken") from None
        except (requests.RequestException, ValueError, KeyError):
            raise Temporary("not-mesh") from None


def _refused(error: MeshError) -> Permanent | Temporary:
    """MESH said no, and why (MESH API, error codes)."""
    said = error.args[-1]
    code = ""
    if isinstance(said, dict):
        detail = said.get("detail")
        first = detail[0] if isinstance(detail, list) and detail else said
        code = str(first.get("code") or first.get("errorCode") or "") if first else ""
    if code == "12":
        return Permanent("no-mailbox")
    if code == "17":
        return Permanent("mesh-workflow")
    if not code:
        # Without a code it is not about the message: our password, our rate, a page of a proxy.
        return Temporary("mesh-refused")
    return Permanent(f"mesh-{code.lower()}"[:60])


def _broken(error: requests.ConnectionError) -> Temporary | InDoubt:
    """Whether a message can have been taken when the line broke."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(reason, NewConnectionError | NameResolutionError):
        return Temporary("unreachable")
    return InDoubt("connection-broken")


def _plain(words: str) -> str:
    """As a header can carry it: letters without their accents, and nothing else than ASCII."""
    folded = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return " ".join(folded.split())
