"""Where a command looks for Kersey when nobody says where it is."""

from pathlib import Path

import pytest

from deploy.answering_url import answering_url
from deploy.data_folder import DataFolder
from deploy.grants import NoSuchGrant, check
from deploy.settings import OperatorSettings

USUAL = "http://127.0.0.1:8000"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("KERSEY_PUBLIC_URL", raising=False)
    monkeypatch.setenv("KERSEY_DATA_DIR", str(tmp_path))
    return tmp_path


def test_it_is_where_the_kersey_on_the_data_folder_answers(folder: Path) -> None:
    with DataFolder(folder, "http://127.0.0.1:8123"):
        assert answering_url(OperatorSettings()) == "http://127.0.0.1:8123"


def test_a_kersey_that_has_ended_counts_no_more(folder: Path) -> None:
    with DataFolder(folder, "http://127.0.0.1:8123"):
        pass

    assert answering_url(OperatorSettings()) == USUAL


def test_without_a_data_folder_it_is_the_usual_address(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERSEY_DATA_DIR", str(folder / "none"))

    assert answering_url(OperatorSettings()) == USUAL


def test_what_was_set_comes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERSEY_PUBLIC_URL", "https://kersey.example")

    with DataFolder(folder, "http://127.0.0.1:8123"):
        assert answering_url(OperatorSettings()) == "https://kersey.example"


@pytest.mark.parametrize(
    ("scopes", "roles", "unknown"),
    [(["banana"], [], "banana"), (["cases"], ["king"], "king")],
)
def test_a_grant_that_means_nothing_is_refused(
    scopes: list[str], roles: list[str], unknown: str
) -> None:
    with pytest.raises(NoSuchGrant, match=unknown):
        check(scopes, roles)


def test_grants_that_there_are_pass() -> None:
    check(["system/Task.rs", "cases"], ["provider"])
