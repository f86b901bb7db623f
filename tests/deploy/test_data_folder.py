import os
import stat
import subprocess
import sys

import pytest

from deploy.data_folder import DataFolder, FolderError, FolderInUse


def test_a_second_process_on_the_same_folder_is_refused_in_words(tmp_path):
    with DataFolder(tmp_path, "http://127.0.0.1:8000"):
        program = (
            "import sys, pathlib; from deploy.data_folder import DataFolder\n"
            "DataFolder(pathlib.Path(sys.argv[1]), 'second').__enter__()"
        )
        second = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            check=False,
            capture_output=True,
            text=True,
        )
    assert second.returncode != 0
    assert f"process {os.getpid()}, http://127.0.0.1:8000" in second.stderr
    assert "KERSEY_DATA_DIR" in second.stderr


def test_the_folder_is_free_again_after_a_kill(tmp_path):
    program = (
        "import sys, pathlib, os, signal; from deploy.data_folder import DataFolder\n"
        "DataFolder(pathlib.Path(sys.argv[1]), 'first').__enter__()\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    first = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert first.returncode < 0
    with DataFolder(tmp_path, "second"):
        pass


def test_secrets_stay_the_same_and_are_readable_by_their_owner_alone(tmp_path):
    with DataFolder(tmp_path, "") as folder:
        made = folder.password("kersey_referrals"), folder.encryption_key("identity")
    with DataFolder(tmp_path, "") as folder:
        again = folder.password("kersey_referrals"), folder.encryption_key("identity")
        other = folder.password("kersey_providers")
    assert made == again
    assert other not in made
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_the_same_process_cannot_hold_it_twice(tmp_path):
    with (
        DataFolder(tmp_path, "first"),
        pytest.raises(FolderInUse, match="already runs"),
        DataFolder(tmp_path, "second"),
    ):
        pass


def test_a_folder_that_cannot_be_made_is_told_in_words(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(FolderError, match="cannot be used"),
        DataFolder(tmp_path / "file" / "data", ""),
    ):
        pass
