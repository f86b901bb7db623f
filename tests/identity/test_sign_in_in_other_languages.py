"""The pages of signing in are read in the reader's language, as the portal's are."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from services.identity.app import CATALOGUES, create_app
from shared.languages import Language
from shared.templating import Templates
from tests.identity.conftest import engine_for, prepare, settings_for
from tests.infrastructure.postgres import NewDatabase
from tests.journey.visitor import hidden
from tests.markup.html_validate import faults
from tests.portal.pseudo_language import TAG, Said, pseudo_catalogue

SERVICE = CATALOGUES.parent
TEMPLATES = SERVICE / "templates"
WISH = {"accept-language": f"{TAG},en;q=0.5"}
NAMES = {"Kersey"}


@pytest.fixture(scope="module")
def catalogues(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pseudo_catalogue(tmp_path_factory.mktemp("locale"), SERVICE)


@pytest.fixture(scope="module")
def browser(module_database: NewDatabase, catalogues: Path) -> Iterator[TestClient]:
    url = module_database("identity", prepare)
    with engine_for(url) as engine:
        settings = settings_for(url, languages=f"en-GB,{TAG}")
        with TestClient(create_app(settings, engine=engine, catalogues=catalogues)) as http:
            yield http


@pytest.mark.parametrize(
    "path", ["sign-in", "sign-in/link", "sign-in/link/" + "x" * 43, "invitation/" + "x" * 43]
)
def test_a_page_of_signing_in_is_in_the_readers_language(browser: TestClient, path: str) -> None:
    answer = browser.get(f"/identity/{path}", headers=WISH)
    said = Said(answer.text)

    assert said.unchanged <= NAMES
    assert said.language == TAG
    assert faults(answer.text) == []
    assert Said(browser.get(f"/identity/{path}").text).language == "en-GB"


def test_what_is_wrong_is_said_in_the_readers_language(browser: TestClient) -> None:
    page = browser.get("/identity/sign-in", headers=WISH)
    wrong = browser.post("/identity/sign-in", data=hidden(page.text), headers=WISH)

    assert wrong.status_code == 422
    assert "error" in wrong.text
    assert Said(wrong.text).unchanged <= NAMES


@pytest.mark.parametrize("file", sorted(TEMPLATES.rglob("*.jinja")), ids=lambda file: file.name)
def test_every_template_can_be_said_in_another_language(file: Path, catalogues: Path) -> None:
    language = Language(TAG, catalogues / f"{TAG}.po")
    templates = Templates("services.identity", language)

    templates.get_template(file.relative_to(TEMPLATES).as_posix())
