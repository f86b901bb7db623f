"""What tests of the staff's pages share: a browser, and a person who was just referred."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from deploy.demo.bundle import referral_bundle
from deploy.demo.people import people
from tests.infrastructure.chromium import FLAGS
from tests.infrastructure.running import Running
from tests.journey.pages import token_of
from tests.journey.visitor import Visitor


@pytest.fixture(scope="module")
def browser(chromium_path: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium_path, args=list(FLAGS))
        yield started
        started.close()


def signed_in(account: str) -> Callable[..., Iterator[Visitor]]:
    """A fixture: one of the demo's staff, signed in once for all tests, as a code is good once."""

    @pytest.fixture(scope="session")
    def visitor(running: Running) -> Iterator[Visitor]:
        with httpx.Client(base_url=running.url, timeout=120) as http:
            yield Visitor(http, account)

    return visitor


manager = signed_in("provider-manager")
coordinator = signed_in("hub-coordinator")
navigator = signed_in("care-navigator")
administrator = signed_in("administrator")
chief = signed_in("organisation-administrator")
commissioner = signed_in("commissioner")
researcher = signed_in("researcher")
partner = signed_in("lived-experience-partner")


@pytest.fixture(scope="module")
def lead(running: Running) -> Iterator[Visitor]:
    """The lead of the Bradford link workers, who works on cases too."""
    with httpx.Client(base_url=running.url, timeout=120) as http:
        yield Visitor(http, "team-lead")


@pytest.fixture
def referred(running: Running) -> str:
    """A person whom a GP just referred to the team; their name."""
    return refer(running)


@pytest.fixture
def at(lead: Visitor, referred: str) -> str:
    """The address of a case that the team has taken on."""
    looked = lead.fill(lead.get("/cases/search"), words=referred.split()[1])
    (found,) = set(re.findall(r'href="(/cases/[0-9a-f-]{36})"', looked.text))
    lead.fill(lead.get(found))
    return str(found)


def refer(running: Running) -> str:
    """A GP refers somebody to the team; their name."""
    token = token_of(running, "ehr")
    person = people(1)[0]
    bundle = referral_bundle(person, f"pages-{uuid4()}", datetime.now(UTC))
    family = f"Pagesworth-{uuid4().hex[:8]}"
    patient = bundle["entry"][0]["resource"]
    patient["name"] = [{"use": "official", "given": ["Nora"], "family": family}]
    patient["identifier"] = [{"system": "https://airedale-rise.example/patients", "value": family}]
    patient["birthDate"] = "1951-03-02"
    bundle["entry"][0]["request"].pop("ifNoneExist", None)
    answer = httpx.post(
        f"{running.url}/fhir",
        json=bundle,
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    return f"Nora {family}"
