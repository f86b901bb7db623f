"""What the pages are held to finds what it should, and judges alike pages once."""

from tests.markup.html_validate import _faults, faults

PAGE = (
    '<!DOCTYPE html><html lang="en-GB"><head><title>A page</title></head>'
    '<body><main><h1>{}</h1><form method="post" action="/a">{}</form></main></body></html>'
)
HIDDEN = '<input type="hidden" name="key" value="{}"><button type="submit">Go</button>'


def test_markup_that_is_wrong_is_found():
    assert faults(PAGE.format("Words", HIDDEN.format("k"))) == []
    (nested,) = faults(PAGE.format("<div>Words</div>", HIDDEN.format("k")))
    assert nested.startswith("element-permitted-content")
    seen = '<input type="text" name="key" aria-label="x">'
    (twice,) = faults(PAGE.format("Words", seen + HIDDEN.format("k")))
    assert twice.startswith("form-dup-name")
    (raw,) = faults(PAGE.format("Words & more <", HIDDEN.format("k")))[:1]
    assert raw


def test_several_parts_of_one_answer_go_along_unseen():
    assert faults(PAGE.format("Words", HIDDEN.format("one") + HIDDEN.format("two"))) == []


def test_pages_of_the_same_markup_are_judged_once():
    before = _faults.cache_info().misses
    for words, key in (("Nadia", "one"), ("Somebody else, of another team", "two")):
        assert faults(PAGE.format(words, HIDDEN.format(key))) == []
    assert _faults.cache_info().misses <= before + 1


def test_what_a_person_typed_and_was_not_escaped_is_seen():
    assert faults(PAGE.format("<b>Nadia", HIDDEN.format("k")))
