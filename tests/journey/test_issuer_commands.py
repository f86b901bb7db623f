"""What an operator asks of the issuer works beside `make run`, with nothing set for it."""

import mailbox
import re
from uuid import uuid4

import httpx
import pytest

from tests.infrastructure.running import Running

pytestmark = pytest.mark.timeout(400)


def test_somebody_is_invited_by_a_mail_whose_link_the_running_kersey_takes(
    running: Running,
) -> None:
    email = f"{uuid4().hex}@team.example"
    team = ("--organisation", str(uuid4()), "--organisation-name", "A team")

    told = said(running, "people", "invite", email, "--name", "Ann", "--role", "link-worker", *team)

    assert told.startswith(f"{email}: invited")
    link = re.search(r"https?://\S+", _mail_to(running, email))
    assert link
    assert link[0].startswith(running.url)
    assert httpx.get(link[0], follow_redirects=True, timeout=60).is_success
    assert email in said(running, "people", "list")


def test_the_clients_of_the_running_kersey_are_listed(running: Running) -> None:
    assert "demo-ehr" in said(running, "clients", "list")


def test_the_keys_of_the_running_kersey_are_listed(running: Running) -> None:
    signs = [
        each for each in said(running, "signing-keys", "list").splitlines() if "active" in each
    ]

    published = httpx.get(f"{running.url}/identity/jwks.json", timeout=60).json()["keys"]
    assert [each["kid"] for each in published if each["kid"] in signs[0]]


def said(running: Running, *words: str) -> str:
    """What a command prints; it does not fail."""
    done = running.kersey(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _mail_to(running: Running, email: str) -> str:
    box = mailbox.Maildir(running.folder / "mail")
    (found,) = (each for each in box if email in str(each["To"]))
    plain = next(part for part in found.walk() if part.get_content_type() == "text/plain")
    words = plain.get_payload(decode=True)
    assert isinstance(words, bytes)
    return words.decode()
