"""`kersey import directory` of the Kersey that it belongs to is refused, wherever that answers."""

import fcntl
from contextlib import ExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr

from deploy.commands.importing import _material
from deploy.refusal import Refusal
from services.providers.importing.own import OWN
from services.providers.settings import ProvidersSettings


def test_the_address_of_the_running_kersey_is_known_by_its_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KERSEY_PUBLIC_URL", raising=False)
    monkeypatch.setenv("KERSEY_DATA_DIR", str(tmp_path))
    settings = ProvidersSettings(database_url=SecretStr("opened already"))
    with ExitStack() as stack:
        lock = stack.enter_context((tmp_path / "lock").open("w"))
        lock.write("http://127.0.0.1:8461")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Refusal) as refused:
            _material("http://127.0.0.1:8461/directory", settings, stack)
        assert OWN in str(refused.value)
        _material("http://127.0.0.1:8000/directory", settings, stack)
