"""Facts about the repository itself."""

import json
import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")


def committed() -> list[Path]:
    """Text files that git tracks."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    files = [ROOT / name for name in names if name]
    return [file for file in files if file.is_file() and b"\0" not in file.read_bytes()[:8000]]


def occurrences(pattern: str, *, without: tuple[str, ...] = ()) -> list[str]:
    """`file:line: text` of each line that matches, but for the files named."""
    expression = re.compile(pattern)
    return [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for file in committed()
        if str(file.relative_to(ROOT)) not in without
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1)
        if expression.search(line)
    ]


@pytest.fixture(scope="module", autouse=True)
def in_a_checkout():
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nothing tells which files belong to the repository")


def test_no_path_of_one_machine_is_committed():
    # Written apart, so that this file does not find itself.
    folders = "|".join(
        ["/wo" + "rk/", "/ho" + r"me/\w+/", "/Us" + r"ers/\w+/", "/ro" + "ot/[.a-z]"]
    )
    assert occurrences(rf"(?<![\w.:-])(?:{folders})") == []


def test_no_address_of_a_package_registry_is_committed():
    hosts = "|".join(
        ["py" + r"pi\.org", "python" + r"hosted\.org", "registry" + r"\.npmjs", "deb" + r"\.debian"]
    )
    assert occurrences(hosts) == []


@pytest.mark.parametrize("name", LOCKS)
def test_the_locks_hold_hashes_and_no_addresses(name):
    text = (ROOT / name).read_text()
    packages = re.findall(r"^[a-z0-9][^\n]*", text, flags=re.MULTILINE)
    assert len(packages) > 30
    assert [line for line in packages if "==" not in line] == []
    for package in re.split(r"\n(?=[a-z0-9])", text):
        assert "--hash=sha256:" in package, package.splitlines()[0]
    assert not re.search(r"https?://|file:|--index|--find-links|@ ", text)


def test_the_locks_of_npm_hold_hashes_and_no_addresses():
    locks = [file for file in committed() if file.name == "package-lock.json"]
    assert len(locks) == 3
    for lock in locks:
        packages = json.loads(lock.read_text())["packages"]
        inside = {name: each for name, each in packages.items() if name}
        bundled = {name for name, each in inside.items() if each.get("inBundle")}
        assert {name for name, each in inside.items() if "integrity" not in each} == bundled
        assert [name for name, each in inside.items() if "resolved" in each] == []


def test_the_build_tool_is_locked_so_that_installing_needs_no_other():
    assert re.search(r"^setuptools==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", LOCKS)
def test_every_declared_dependency_is_locked(name):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = list(project["project"]["dependencies"])
    if name != LOCKS[0]:
        declared += project["dependency-groups"]["dev"]
    locked = {canonical(package) for package, _ in pins(name)}
    wanted = {canonical(re.split(r"[\[<>=~! ]", requirement)[0]) for requirement in declared}
    assert wanted - locked == set()


@pytest.mark.parametrize("name", LOCKS)
def test_a_pin_carries_the_extras_that_are_asked_of_it(name):
    """Else pip before 23.3 looks for the newest release of `name[extra]` and refuses its hash."""
    pinned = {canonical(package): extras for package, extras in pins(name)}
    asked = [
        (canonical(found[1]), extra.strip())
        for installed in metadata.distributions()
        if canonical(installed.name) in pinned
        for requirement in installed.requires or ()
        if "extra ==" not in requirement
        if (found := re.match(r"([\w.-]+)\[([^\]]+)\]", requirement))
        for extra in found[2].split(",")
    ]
    asked += [("psycopg", "binary")]
    assert [each for each in asked if each[0] in pinned and each[1] not in pinned[each[0]]] == []


def pins(name: str) -> list[tuple[str, str]]:
    """Package and extras of each line of a lock that pins a release."""
    text = (ROOT / name).read_text()
    found = re.findall(r"^([a-z0-9][\w.-]*)(?:\[([^\]]*)\])?==", text, re.MULTILINE)
    assert len(found) > 30
    return found


def canonical(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_dependency_says_what_it_is_for():
    text = (ROOT / "pyproject.toml").read_text()
    lists = re.findall(
        r"^(?:dependencies|build|dev) = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL
    )
    assert len(lists) == 3
    for lines in (entries.splitlines() for entries in lists):
        for before, line in zip(["", *lines], lines, strict=False):
            if line.strip().startswith('"'):
                assert before.strip().startswith("# "), f"no reason above {line.strip()}"


def test_the_files_that_a_visitor_looks_for_are_there():
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "LICENSE"):
        assert (ROOT / name).is_file(), name
    assert "Apache License" in (ROOT / "LICENSE").read_text()


RECORDS = sorted((ROOT / "docs" / "decisions").glob("*.md"))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_decision_record_has_its_four_parts_and_one_quotable_sentence(record):
    text = record.read_text()
    number = record.name[:4]
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", record.name)
    assert text.startswith(f"# {number}. ")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences", "Alternatives"]
    decision = text.split("## Decision\n")[1].split("\n## ")[0].strip()
    quoted = [line.removeprefix("> ") for line in decision.splitlines()]
    assert all(line.startswith("> ") for line in decision.splitlines())
    assert " ".join(quoted).count(". ") == 0
    assert quoted[-1].endswith(".")


def test_decision_records_are_numbered_without_gaps():
    assert [record.name[:4] for record in RECORDS] == [
        f"{number:04}" for number in range(1, len(RECORDS) + 1)
    ]


def test_links_between_documents_lead_somewhere():
    broken = [
        f"{document.relative_to(ROOT)} -> {target}"
        for document in committed()
        if document.suffix == ".md"
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
        if not (document.parent / target).exists()
    ]
    assert broken == []


def test_links_between_documents_lead_to_headings_that_are_there():
    documents = {file.resolve(): file for file in committed() if file.suffix == ".md"}
    broken = [
        f"{document.relative_to(ROOT)} -> {target}#{heading}"
        for document in documents.values()
        for target, heading in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", document.read_text())
        if (led := (document.parent / target if target else document).resolve()) in documents
        if heading not in headings(led)
    ]
    assert broken == []


def headings(document: Path) -> set[str]:
    """The headings of a document, as GitHub writes them in a link."""
    prose = re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r"^#{1,6} (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.strip().lower()).replace(" ", "-") for each in found}


def test_the_readme_names_every_room_and_every_guide():
    readme = (ROOT / "README.md").read_text()
    tracked = [file.relative_to(ROOT) for file in committed()]
    rooms = {name.parts[0] for name in tracked if len(name.parts) > 1} - {"services"}
    rooms |= {"/".join(name.parts[:2]) for name in tracked if name.match("services/*/*")}
    rooms = {room for room in rooms if (ROOT / room).is_dir()}
    assert len(rooms) > 10
    assert [room for room in sorted(rooms) if f"`{room}/`" not in readme] == []
    guides = (name.as_posix() for name in tracked if name.match("docs/guides/*.md"))
    assert [guide for guide in sorted(guides) if f"({guide})" not in readme] == []
