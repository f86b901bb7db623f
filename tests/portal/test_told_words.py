"""How the pages say what referrals found in words that a service reads too early."""

from starlette.datastructures import FormData

from services.portal.answer_links import Refusal
from services.portal.staff import unnamed


def found(element: str, kind: str, start: int, end: int, *, may_stay: bool) -> dict[str, object]:
    place = {"element": element, "kind": kind, "start": start, "end": end}
    return place | {"may_stay": may_stay}


def test_it_is_said_at_its_field_in_the_words_that_were_typed():
    typed = {"text": "Sheila would come", "when": "ring 01274 960177", "needs": ["money"]}
    refusal = Refusal(
        422,
        found=[
            found("text", "name", 0, 6, may_stay=False),
            found("when", "phone", 5, 17, may_stay=True),
        ],
    )
    faults, again = unnamed.told(refusal, typed)
    rest = "The service reads this before it may know who the person is. Change it"
    assert faults["text"] == f"“Sheila” is their name. {rest}"
    assert faults["when"].startswith(f"“01274 960177” looks like a phone number. {rest}, or tick")
    assert {name: again[name] for name in typed} == typed, "what was typed is kept"
    (asked,) = unnamed.field(again)
    assert list(asked.options) == ["01274 960177"], "what is theirs cannot be ticked"


def test_what_was_ticked_is_shown_ticked_until_it_goes():
    form = FormData([("may_stay", "Rose"), ("may_stay", " "), ("may_stay", "x" * 201)])
    typed = {"may_stay": unnamed.ticked(form)}
    assert typed == {"may_stay": ["Rose"]}
    (asked,) = unnamed.field(typed)
    assert list(asked.options) == ["Rose"]
    assert unnamed.field({"text": "Would like company"}) == []


def test_what_is_not_known_here_yet_is_told_all_the_same():
    refusal = Refusal(422, found=[found("needs.0.display", "shoe-size", 0, 4, may_stay=True)])
    faults, _ = unnamed.told(refusal, {})
    assert "may tell who they are" in faults["needs"]
