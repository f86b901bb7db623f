"""Whatever a page says can be said in another language: it is marked, and gathered for translators.

How to mark a text is in CONTRIBUTING.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import nodes

from shared.catalogues import messages_of, written
from shared.languages import ENGLISH
from shared.templating import Templates

ROOT = Path(__file__).parents[2]
SERVICES = ("portal", "identity")
"""Those whose pages can be read in other languages."""

SAID = frozenset("alt aria-label label placeholder title".split())
"""Attributes that are read to people, beside those that hold a sentence for a script."""
NOT_SAID = frozenset("code pre script style".split())
"""Elements whose text is for programs."""
NO_WORDS = frozenset(
    "action attribute autocomplete classes data-module first for href id idPrefix inputmode kind"
    " method name role size src step type value variant".split()
)
"""Names of arguments, and keys of NHS.UK frontend's, that are not shown."""
ANYTHING = "\N{REPLACEMENT CHARACTER}"
"""In the place of what a template fills in."""

_WORD = re.compile(r"[^\W\d_]{2}")
_SENTENCE = re.compile(r"[^\W\d_]{2,} [^\W\d_]|^[A-Z][\w-]*[a-z]")
_CODE = re.compile(r"[=/{}]|--|^ ?(nhsuk|kersey)-")

TEMPLATES = sorted(
    (service, file.relative_to(ROOT / "services" / service / "templates").as_posix())
    for service in SERVICES
    for file in (ROOT / "services" / service / "templates").rglob("*.jinja")
)


class Texts(HTMLParser):
    """What stands in the markup itself, outside of messages."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [
            value or ""
            for name, value in attributes
            if name in SAID or (name.startswith("data-") and _SENTENCE.search(value or ""))
        ]
        names = {name for name, _ in attributes}
        if tag not in ("input", "link", "meta", "br", "img"):
            # An element that names its language says what it says in that one.
            self._open.append((tag, tag in NOT_SAID or ("lang" in names and tag != "html")))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not any(other for _, other in self._open):
            self.found.append(data)


def markup(source: str, templates: Templates) -> str:
    """A template without its messages, and with something for each thing that it fills in."""
    out: list[str] = []
    message = False
    inside = ""
    for _, kind, value in templates.lex(source):
        if kind == "data" and not message:
            out.append(value)
        elif kind == "variable_end" and not message:
            # A name of an element may be filled in too.
            out.append("b" if out and out[-1].endswith(("<", "</")) else ANYTHING)
        elif kind == "block_begin":
            inside = ""
        elif kind == "name" and not inside:
            inside = value
            message = (message or value == "trans") and value != "endtrans"
    return "".join(out)


def unsaid(  # noqa: C901, PLR0912 - a case for each kind of node
    node: nodes.Node, *, shown: bool = False
) -> Iterator[str]:
    """Texts of an expression that people would read, and that are no messages.

    Args:
        node: of a template.
        shown: whether it stands on the page as it is.
    """
    match node:
        case nodes.Const(value=str() as text):
            words = _WORD if shown else _SENTENCE
            if words.search(text) and not _CODE.search(text):
                yield text
        case nodes.Call(node=nodes.Name(name="_" | "gettext" | "ngettext"), args=args):
            if not isinstance(args[0], nodes.Const):
                yield "a message that is no text by itself"
            for each in args[1:]:
                if not isinstance(each, nodes.Const):
                    yield from unsaid(each)
            for keyword in node.kwargs:
                yield from unsaid(keyword.value, shown=True)
        case nodes.CondExpr():
            for branch in (node.expr1, node.expr2):
                if branch is not None:
                    yield from unsaid(branch, shown=shown)
        case nodes.Or(left=left, right=right):
            yield from unsaid(left, shown=shown)
            yield from unsaid(right, shown=shown)
        case nodes.Concat(nodes=parts):
            for part in parts:
                yield from unsaid(part, shown=shown)
        case nodes.Output(nodes=parts):
            for part in parts:
                if not isinstance(part, nodes.TemplateData):
                    yield from unsaid(part, shown=not isinstance(part, nodes.Call))
        case nodes.Pair(key=key, value=value):
            if not (isinstance(key, nodes.Const) and key.value in NO_WORDS):
                yield from unsaid(value)
        case nodes.Keyword(key=name, value=value):
            if name not in NO_WORDS:
                yield from unsaid(value)
        case nodes.Getattr(node=inner) | nodes.Getitem(node=inner):
            yield from unsaid(inner)
        case nodes.Filter(node=filtered, name=name, args=args):
            if filtered is not None:
                yield from unsaid(filtered, shown=shown)
            for each in args if name == "default" else ():
                yield from unsaid(each, shown=shown)
        case (
            nodes.Compare() | nodes.Test() | nodes.FromImport() | nodes.Extends() | nodes.Include()
        ):
            return
        case nodes.If():
            for statement in (*node.body, *node.elif_, *node.else_):
                yield from unsaid(statement)
        case _:
            for child in node.iter_child_nodes():
                yield from unsaid(child)


@pytest.mark.parametrize(("service", "template"), TEMPLATES, ids=lambda part: part)
def test_a_template_says_nothing_that_cannot_be_translated(service: str, template: str) -> None:
    templates = Templates(f"services.{service}", ENGLISH)
    source = (ROOT / "services" / service / "templates" / template).read_text("utf-8")
    texts = Texts()
    texts.feed(markup(source, templates))
    texts.close()

    unmarked = [text.strip() for text in texts.found if _WORD.search(text)]
    unmarked += unsaid(templates.parse(source))

    assert not unmarked, f"mark these texts: {unmarked}"


@pytest.mark.parametrize("service", SERVICES)
def test_what_pages_say_is_gathered(service: str) -> None:
    folder = ROOT / "services" / service
    gathered = (folder / "locale" / "messages.pot").read_bytes()

    assert gathered == written(messages_of(folder), template=True), "run: make words"
