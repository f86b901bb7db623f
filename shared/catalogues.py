"""What the pages of a service say, gathered for translators.

`python -m shared.catalogues services/portal` writes `services/portal/locale/messages.pot` anew, and
brings every `.po` file beside it up to date: what is new in it is empty, what nobody says any more
is gone. `make words` does so for every service that has pages.
"""

import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

PYTHON = [("static/**", "ignore"), ("migrations/**", "ignore"), ("**.py", "python")]
TEMPLATES = [("**.jinja", "jinja2")]
AS_COMPILED = {
    "**.jinja": {
        "extensions": "jinja2.ext.do",
        "silent": "false",
        "trimmed": "true",
        "trim_blocks": "true",
        "lstrip_blocks": "true",
    }
}
"""How `shared.templating` reads them too."""

ROOT = Path(__file__).parents[1]
FRAME = ROOT / "shared/templates"
"""What the pages of all services have around them; each service translates it for itself."""


def messages_of(service: Path) -> Catalog:
    """Every message of a service's pages, with the files that say it.

    Raises:
        jinja2.TemplateSyntaxError: a template is none.
    """
    catalogue = Catalog(charset="utf-8")
    for folder, how in ((service, PYTHON + TEMPLATES), (FRAME, TEMPLATES)):
        for file, line, message, comments, context in extract_from_dir(folder, how, AS_COMPILED):
            at = (folder / file).relative_to(ROOT).as_posix()
            catalogue.add(message, None, [(at, line)], (), comments, context=context)
    return catalogue


def written(catalogue: Catalog, *, template: bool = False) -> bytes:
    """A catalogue as a file: by the place where something is said, with no line numbers in it, so
    that it changes when words do and not when code moves."""
    file = BytesIO()
    write_po(
        file,
        catalogue,
        width=100,
        include_lineno=False,
        sort_by_file=True,
        ignore_obsolete=True,
        omit_header=template,
    )
    return file.getvalue()


def bring_up_to_date(service: Path) -> None:
    """Write a service's template of catalogues, and each of its catalogues, anew."""
    folder = service / "locale"
    messages = messages_of(service)
    (folder / "messages.pot").write_bytes(written(messages, template=True))
    for file in folder.glob("*.po"):
        with file.open("rb") as before:
            catalogue = read_po(before, locale=file.stem.replace("-", "_"))
        catalogue.update(messages, no_fuzzy_matching=True, update_creation_date=False)
        file.write_bytes(written(catalogue))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        bring_up_to_date(Path(name).resolve())
