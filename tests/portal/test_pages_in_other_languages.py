"""A page is whole in another language: all that it says of itself changes, and nothing else."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from services.portal.app import create_app
from services.portal.cases.worklist import SEARCH
from services.portal.settings import PortalSettings
from services.portal.times import Times
from shared.languages import ENGLISH, Language, Languages
from shared.templating import Templates
from tests.markup.html_validate import faults
from tests.notifications.serving import serving
from tests.portal.pseudo_language import TAG, Said, pseudo_catalogue

TEMPLATES = Path("services/portal/templates")
NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.fixture(scope="module")
def catalogues(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pseudo_catalogue(tmp_path_factory.mktemp("locale"))


@pytest.fixture(scope="module")
def portal(catalogues: Path) -> Iterator[httpx.Client]:
    settings = PortalSettings(
        environment="test", database_url="postgresql://not-used", languages=f"en-GB,{TAG}"
    )
    app = create_app(settings, catalogues=catalogues)
    with serving(app) as url, httpx.Client(base_url=url, follow_redirects=True, timeout=30) as http:
        yield http


PAGES = ("/", "/nowhere", "/answer", "/answer/" + "x" * 43, "/visit", "/capacity/" + "x" * 43)


@pytest.mark.parametrize("path", PAGES)
def test_all_that_a_page_says_is_in_the_readers_language(portal: httpx.Client, path: str) -> None:
    answer = portal.get(path, headers={"accept-language": f"{TAG},en;q=0.5"})
    said = Said(answer.text)

    # Names, and paths of the list of what runs where.
    assert said.unchanged <= {"Kersey", *"fhir referrals directory notifications identity health "
                              "metrics ready live".split()}  # fmt: skip
    assert said.language == TAG
    assert faults(answer.text) == []


@pytest.mark.parametrize("path", PAGES)
def test_a_browser_that_asks_for_nothing_reads_english(portal: httpx.Client, path: str) -> None:
    said = Said(portal.get(path).text)

    assert "⟦" not in "".join(said.words)
    assert said.language == "en-GB"


@pytest.mark.parametrize("file", sorted(TEMPLATES.rglob("*.jinja")), ids=lambda file: file.name)
def test_every_template_can_be_said_in_another_language(file: Path, catalogues: Path) -> None:
    language = Language(TAG, catalogues / f"{TAG}.po")
    templates = Templates("services.portal", language)

    templates.get_template(file.relative_to(TEMPLATES).as_posix())


def test_fields_and_days_that_were_declared_once_are_said_anew_for_each_reader(
    catalogues: Path,
) -> None:
    known = Languages(catalogues, f"en-GB,{TAG}").known
    shown = {}
    for language in (known[TAG], ENGLISH):
        templates = Templates("services.portal", language, brand="Kersey")
        with language.spoken():
            parts = templates.get_template("staff/parts.jinja").module
            html = parts.one(SEARCH[0], {}, {"words": SEARCH[0].missing})  # type: ignore[attr-defined]
            day = Times("Europe/London", NOW).day("2026-03-03")
        shown[language.tag] = (Said(html).unchanged, day)

    assert shown[TAG] == (set(), "3 Mawrth 2026")
    assert shown["en-GB"][0] >= {"Last", "name", "Type"}
    assert shown["en-GB"][1] == "3 March 2026"
