"""What pages say from Python is marked for translators too, as far as a text shows that it is one.

A word in small letters by itself may be a code or a word: those are found by reading a page in the
language of `tests/portal/pseudo_language.py`, in which everything that is marked has accents.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOR_OPERATORS = frozenset({"assets.py", "retention.py", "settings.py"})
"""Files whose texts are read by whoever runs Kersey."""
FOR_PROGRAMS = frozenset(
    {"Accept", "Authorization", "Bearer ", "Kersey", "Patient", "known browser", "turned away"}
)
FOR_DEVELOPERS = frozenset({"why"})
"""Arguments whose text is for whoever wrote the system that asked."""
MARKS = frozenset({"_", "ngettext"})
SHOWN_ERRORS = frozenset({"Mistyped", "Refusal"})
"""Exceptions whose text a page shows; others tell a programmer what is wrong."""

_SEVERAL_WORDS = re.compile(r"[^\W\d_]+,? [^\W\d_]")
_ONE_WORD = re.compile(r"[A-Z][a-z]+")
_PIECE = re.compile(r"[^\W\d_]{2,},? | [^\W\d_]{2,}|[^\W\d_]{3,}, ?$")
"""Of a sentence, into which something is filled."""
_CODE = re.compile(r"[=;{}/\0]|--|max-age")

FILES = sorted(
    file
    for folder in ("services/portal", "services/identity/pages")
    for file in (ROOT / folder).rglob("*.py")
    if file.name not in FOR_OPERATORS and not {"migrations", "tongues"} & set(file.parts)
)


def unmarked(  # noqa: C901, PLR0912 - a case for each kind of node
    node: ast.AST, *, piece: bool = False
) -> Iterator[str]:
    """Texts for people that are no messages.

    Args:
        node: of a file.
        piece: whether it is part of a text into which something is filled.
    """
    match node:
        case ast.Constant(value=str() as text):
            words = _PIECE.search(text) if piece else _ONE_WORD.fullmatch(text)
            found = words or _SEVERAL_WORDS.search(text)
            if found and text not in FOR_PROGRAMS and not _CODE.search(text):
                yield text
        case ast.Call(func=ast.Name(id=name)) if name in MARKS:
            return
        case ast.Raise(exc=ast.Call(func=ast.Name(id=name))) if name not in SHOWN_ERRORS:
            return
        case ast.Raise(exc=ast.Call(func=ast.Attribute())):
            return
        case ast.Expr(value=ast.Constant()) | ast.Subscript(slice=ast.Constant()):
            return  # what documents the code, and the name of a part
        case ast.keyword(arg=name) if name in FOR_DEVELOPERS:
            return
        case ast.AnnAssign(value=value):
            if value is not None:
                yield from unmarked(value)
        case ast.FunctionDef(body=body) | ast.AsyncFunctionDef(body=body):
            for each in body:
                yield from unmarked(each)
        case ast.JoinedStr(values=parts):
            for part in parts:
                yield from unmarked(part, piece=len(parts) > 1)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from unmarked(child)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_what_a_page_says_from_python_can_be_translated(file: Path) -> None:
    found = list(unmarked(ast.parse(file.read_text("utf-8"))))

    assert not found, f"mark these texts: {found}"


@pytest.mark.parametrize(
    "code",
    [
        'title = f"How does {name} want to be asked?"',
        'told = f"{many} invited"',
        'parts["Where"]; shown = {"Where": fields}',
        'who = name or "a system"',
        'raise Refusal(403, detail="These pages are for somebody else.")',
        'Field("nhs_number", "NHS number")',
    ],
)
def test_a_text_that_is_not_marked_is_found(code: str) -> None:
    assert list(unmarked(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        'told = _("{many} invited").format(many=many)',
        'headers = {"Cache-Control": "public, max-age=60", "X-Forwarded-For": caller}',
        'raise ValueError("the key is not a key")',
        'asked = f"ServiceRequest?subject=Patient/{key}"',
        '"What it is for, in words."',
    ],
)
def test_what_programs_read_is_left_alone(code: str) -> None:
    assert not list(unmarked(ast.parse(code)))
