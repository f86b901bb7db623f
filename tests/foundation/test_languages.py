"""Pages are read in the language that a browser asks for, and in English where it asks for none."""

from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from shared.languages import ENGLISH, Language, Languages, Message, ReadIn, _, language, ngettext
from shared.templating import Templates

WELSH = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"

msgid "Sign out"
msgstr "Allgofnodi"

msgid "Ask {name}"
msgstr "Gofynnwch i {name}"

msgid "%(name)s is <b>here</b>, 100%%"
msgstr "Mae %(name)s <b>yma</b>, 100%%"

msgid "one dog"
msgid_plural "{n} dogs"
msgstr[0] "dim cŵn"
msgstr[1] "un ci"
msgstr[2] "{n} gi"
msgstr[3] "{n} chi"
msgstr[4] "{n} chi"
msgstr[5] "{n} ci"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cy.po").write_text(WELSH, "utf-8")
    return tmp_path


@pytest.fixture
def both(folder: Path) -> Languages:
    return Languages(folder, "en-GB, cy")


async def read_in(languages: Languages, accepts: str) -> list[str]:
    """What a page that is asked for with this Accept-Language says."""
    said: list[str] = []
    out = _("Sign out")

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        dogs = [ngettext("one dog", "{n} dogs", n).format(n=n) for n in (1, 2, 7)]
        said.extend([str(out), f"{out}", _("Ask {name}").format(name="Nadia"), *dogs])
        said.extend([_("Not in the catalogue").strip(), str(_(""))])

    scope = {"type": "http", "headers": [(b"accept-language", accepts.encode())]}
    await ReadIn(page, languages)(scope, None, None)  # type: ignore[arg-type]
    return said


@pytest.mark.anyio
async def test_messages_are_said_in_the_language_that_the_browser_likes(both: Languages) -> None:
    assert await read_in(both, "cy") == [
        "Allgofnodi",
        "Allgofnodi",
        "Gofynnwch i Nadia",
        "un ci",
        "2 gi",
        "7 ci",
        "Not in the catalogue",
        "",
    ]
    assert language() is ENGLISH
    english = await read_in(both, "en-US,en;q=0.8,cy;q=0.5")
    assert english[:6] == ["Sign out", "Sign out", "Ask Nadia", "one dog", "2 dogs", "7 dogs"]


@pytest.mark.parametrize(
    ("accepts", "tag"),
    [
        ("", "en-GB"),
        ("fr", "en-GB"),
        ("cy-GB", "cy"),
        ("CY;q=0.5, fr", "cy"),
        ("cy;q=0, en", "en-GB"),
        ("en;q=0.2, cy;q=0.9", "cy"),
        ("cy;q=much, ,;q=", "en-GB"),
        ("*", "en-GB"),
    ],
)
def test_a_browser_is_understood(both: Languages, accepts: str, tag: str) -> None:
    assert both.wished(accepts).tag == tag


def test_the_first_language_is_for_whoever_asks_for_none(folder: Path) -> None:
    assert Languages(folder, "cy").wished("fr").tag == "cy"
    assert Languages(folder, "cy").wished("en").tag == "en-GB"


def test_a_language_without_a_catalogue_is_named_at_the_start(folder: Path) -> None:
    with pytest.raises(ValueError, match="'pl': there are cy"):
        Languages(folder, "en-GB,pl")


def test_a_message_is_its_english_to_a_program() -> None:
    message = _("Sign out")
    table: dict[str, int] = {message: 1}
    assert table["Sign out"] == 1
    assert message == "Sign out"
    assert isinstance(message, str)
    assert type(str(message)) is str


def shown(template: str, spoken: Language, **values: object) -> str:
    found = Templates("services.portal", spoken).from_string(template)
    return found.render(values)


def test_templates_speak_their_language(folder: Path) -> None:
    welsh = Language("cy", folder / "cy.po")
    sentence = "{% trans name=one %}{{ name }} is <b>here</b>, 100%{% endtrans %}"

    assert shown("{{ _('Sign out') }}", welsh) == "Allgofnodi"
    assert shown("{% trans %}Sign out{% endtrans %}", welsh) == "Allgofnodi"
    assert shown(sentence, welsh, one="<i>") == "Mae &lt;i&gt; <b>yma</b>, 100%"
    assert shown(sentence, ENGLISH, one="<i>") == "&lt;i&gt; is <b>here</b>, 100%"
    assert shown("{% trans %}Half: 50%{% endtrans %}", ENGLISH) == "Half: 50%"
    assert shown("{{ _('a < b') }}", ENGLISH) == "a &lt; b"
    assert shown("{% trans %}a <br> b{% endtrans %}", ENGLISH) == "a <br> b"


@pytest.mark.anyio
async def test_a_message_that_a_program_made_is_said_where_it_is_shown(both: Languages) -> None:
    said: list[str] = []
    values = {"words": Message("Sign out"), "ask": {"text": _("Sign out")}}

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        shows = ("words", "ask.text | trim | indent(2)", "words ~ '!'", "[words] | join")
        said.extend(shown(f"{{{{ {each} }}}}", language(), **values) for each in shows)

    scope = {"type": "http", "headers": [(b"accept-language", b"cy")]}
    await ReadIn(page, both)(scope, None, None)  # type: ignore[arg-type]
    assert said == ["Allgofnodi", "Allgofnodi", "Allgofnodi!", "Allgofnodi"]
