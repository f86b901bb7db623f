"""Whatever is asked, the answer is clear and the process lives: naughty strings everywhere."""

import codecs
import re
from pathlib import Path
from typing import Any

import pytest

from tests.providers.conftest import House

FILE = Path(__file__).with_name("naughty.txt")
READS = ("services", "service_at_locations", "organizations", "taxonomies", "taxonomy_terms")
WITHOUT_FREE_TEXT = {
    "services": ("postcode", "day", "start_time", "taxonomy_term_id", "modified_after", "page"),
    "search": ("near", "language", "need", "access", "within", "age"),
    "export": ("format",),
}
LONGEST = 500


def unescaped(line: str) -> str:
    """A line with Python's escapes read; all other signs stay as they are."""
    return re.sub(
        r"\\(?:U[0-9a-f]{8}|u[0-9a-f]{4}|x[0-9a-f]{2}|[\\trn])",
        lambda found: codecs.decode(found[0], "unicode_escape"),
        line,
    )


STRINGS = [
    unescaped(line)
    for line in FILE.read_text("utf-8").split("\n")
    if line and not line.startswith("# ")
]

SOME = STRINGS[::5]


def test_there_are_many_and_each_once() -> None:
    assert len(STRINGS) >= 150


@pytest.mark.parametrize("path", [*READS, "search"])
def test_any_search_text_is_answered(demo: House, path: str) -> None:
    for text in [*STRINGS, "x" * LONGEST, "🦽" * LONGEST, "a b " * 125, '"' * LONGEST]:
        found = demo.get(f"/directory/{path}", search=text, per_page=1)
        assert found["total_items"] >= found["size"], text
    assert demo.get(f"/directory/{path}", per_page=1)["total_items"] > 0


@pytest.mark.parametrize("path", [*READS, "search"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\x00b", "NUL"),
        ("x" * (LONGEST + 1), "500"),
        ("x" * 60_000, "500"),
    ],
)
def test_a_search_that_cannot_be_is_refused_in_words(
    demo: House, path: str, text: str, words: str
) -> None:
    problem = demo.get(f"/directory/{path}", 400, search=text)
    assert problem["element"] == "search"
    assert words in problem["detail"]


@pytest.mark.parametrize(
    ("path", "name"), [(path, name) for path, names in WITHOUT_FREE_TEXT.items() for name in names]
)
def test_elsewhere_a_naughty_string_is_refused_and_never_repeated(
    demo: House, path: str, name: str
) -> None:
    refused = 0
    for text in SOME:
        answer = demo.client.get(f"/directory/{path}", params={name: text})
        if answer.status_code == 200:  # `0` is an age, ` ` is no need at all
            continue
        assert answer.status_code == 400, (text, answer.text)
        problem: dict[str, Any] = answer.json()
        assert problem["element"] == name
        if set(text) & set("<>{}$;"):
            assert text not in problem["detail"]
        refused += 1
    assert refused > len(SOME) * 0.8


def test_naughty_names_of_parameters_and_ids_are_refused(demo: House) -> None:
    for text in SOME:
        assert demo.client.get("/directory/services", params={text: "1"}).status_code == 400
    for kind in READS:
        for text in SOME[::4]:
            path = "".join(f"%{byte:02X}" for byte in text.encode())
            assert demo.client.get(f"/directory/{kind}/{path}").status_code in (400, 404)


def test_bytes_that_are_no_text_are_answered(demo: House) -> None:
    for raw in ("%ff", "%c3%28", "%f0%28%8c%bc", "%ed%a0%80"):
        answer = demo.client.get(f"/directory/services?search={raw}")
        assert answer.status_code in (200, 400)
    assert demo.client.get("/directory/services?search=%00").status_code == 400
