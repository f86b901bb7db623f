"""What PostgreSQL itself can do: the very statement that the store sends, prepared, by pgbench."""

import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import Engine, event

from deploy.postgres_cluster import embedded_binaries
from services.referrals.served import SERVED
from shared.database import UnitOfWork
from shared.fhir.store import FhirStore, Grant

_PARAMETER = re.compile(r"%\((\w+)\)s")
_RATE = re.compile(r"tps = ([\d.]+)")
_LITERAL = re.compile(r"'([^']*)'")
_BLANK = re.compile(r"\s+")
_NUMBERED = ":number"


def create_script(
    engine: Engine, resource: dict[str, Any], owner: str, *, times: int = 1
) -> tuple[str, dict[str, str]]:
    """The store's statement for a new document as a pgbench script, and its variables.

    The statement is caught on its way to the database, so that it is the one that Kersey sends;
    only the id becomes a random number, or the second would collide with the first.

    Parameters:
        engine: a database with the store's tables; nothing is left in it.
        resource: the document.
        owner: the organisation that sends and reads it.
        times: how often in one transaction.
    """
    caught: list[tuple[str, dict[str, Any]]] = []

    def catch(_c: object, _k: object, text: str, given: Any, _x: object, _m: bool) -> None:
        caught.append((text, given))

    event.listen(engine, "before_cursor_execute", catch)
    try:
        with UnitOfWork(engine) as uow:
            store = FhirStore(uow.session, SERVED)
            store.create(resource, grants=[Grant(owner, "sender")], owner=owner)
    finally:
        event.remove(engine, "before_cursor_execute", catch)
    text, given = next(each for each in caught if "INSERT INTO document " in each[0])
    text = _BLANK.sub(" ", text).strip()
    literals = [each for each in _LITERAL.findall(text) if ":" in each]
    variables = {f"text{n}": each for n, each in enumerate(literals)}
    for name, each in variables.items():  # pgbench takes what follows a colon for a variable
        text = text.replace(f"'{each}'", f"%({name})s::text")
    given = {**given, **variables}
    variables = {name: str(value) for name, value in given.items() if value is not None}
    missing = [name for name, value in given.items() if value is None]

    def written(found: re.Match[str]) -> str:
        name = found[1]
        if name in missing:
            return "NULL"
        return f"('b' || {_NUMBERED}::text)" if name == "id" else f":{name}"

    variables.pop("id")
    statement = _PARAMETER.sub(written, text)
    each = f"\\set number random(1, 9000000000000000000)\n{statement};\n"
    body = each if times == 1 else f"BEGIN;\n{each * times}COMMIT;\n"
    return body, variables


def run(
    url: str,
    script: str,
    variables: dict[str, str],
    *,
    folder: Path,
    clients: int,
    seconds: float,
) -> float:
    """Run a script, prepared; its transactions per second.

    Parameters:
        url: of the database.
        script: for pgbench.
        variables: of the script.
        folder: for the script.
        clients: connections.
        seconds: for how long.
    """
    parts = urlsplit(url)
    path = folder / "script.pgbench"
    path.write_text(script)
    command = [str(embedded_binaries() / "pgbench"), "--no-vacuum", "--protocol=prepared"]
    command += [f"--client={clients}", f"--jobs={min(2, clients)}", f"--time={seconds:.0f}"]
    command += [f"--define={name}={value}" for name, value in variables.items()]
    command += [f"--host={parts.hostname}", f"--port={parts.port}"]
    command += [f"--username={parts.username}", f"--file={path}", parts.path.removeprefix("/")]
    environment = {"PGPASSWORD": unquote(parts.password or ""), "LC_ALL": "C"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    found = _RATE.search(done.stdout)
    if done.returncode or found is None:
        message = f"pgbench: {done.stderr.strip()[:500]}"
        raise RuntimeError(message)
    return float(found[1])
