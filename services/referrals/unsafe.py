"""What of a person is not shared: whatever leads to a way that is not safe. Pure rules, no I/O.

A way that was noted as not safe is not told to a provider, whoever agreed to it before (care 12).
`unknown` is no such note: the person agrees to share a number of which nobody asked whether it is
safe. Where nobody can tell two addresses apart, they are the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.referrals.unnamed.addresses import find_addresses
from services.referrals.unnamed.known import Known
from services.referrals.unnamed.shapes import (
    LEAST_DIGITS,
    digits_of,
    find_emails,
    find_number,
    find_phones,
    find_postcodes,
    joined,
    national,
)

WAYS: Mapping[str, tuple[str, ...]] = {
    "phone": ("phone", "text"),
    "email": ("email",),
    "address": ("post", "visit"),
}
"""By item, the channels of which it is the address. What is said of the first counts before the
second: whoever may be rung on a number shares it, though no text may go there."""

Contact = Mapping[str, Any]


def unsafe_items(shared: Mapping[str, str], contacts: Sequence[Contact]) -> frozenset[str]:
    """Of what is or would be shared, what leads to a way that is not safe.

    Args:
        shared: the values, by item.
        contacts: what was noted of each channel, as the person's record shows it.
    """
    refused = list(_refused(contacts))
    return frozenset(
        item
        for item, value in shared.items()
        if any(_tells(item, value, way, noted) for way, noted in refused)
    )


def _refused(contacts: Sequence[Contact]) -> Iterator[tuple[str, str]]:
    """Each way that is not safe: the item that it is, and what was noted of it.

    Of records that were merged what any of them says counts (care 12).
    """
    said = {each["channel"]: each["said"] for each in contacts}
    for item, (first, *others) in WAYS.items():
        own = said.get(first, ())
        yield from ((item, each["value"]) for each in own if each["safe"] == "no")
        good = [each["value"] for each in own if each["safe"] == "yes" and each["value"]]
        for each in (entry for other in others for entry in said.get(other, ())):
            noted = each["value"]
            overruled = good if not noted else [by for by in good if _same(item, noted, by)]
            if each["safe"] == "no" and not overruled:
                yield item, noted


def _tells(item: str, value: str, way: str, noted: str) -> bool:
    """Whether what is shared leads to a way; words of another item, such as a carer's, may too."""
    return _same(way, value, noted) if item == way else _within(way, value, noted)


def _same(way: str, value: str, noted: str) -> bool:
    """Whether two values lead to one place; a note without any is of every one."""
    if way == "address":
        here, there = _postcodes(value), _postcodes(noted)
        return not (here and there) or bool(here & there)
    known = _numbers(noted) if way == "phone" else _emails(noted)
    return not known or _within(way, value, noted)


def _within(way: str, text: str, noted: str) -> bool:
    """Whether a text says a way, however it is written."""
    if way == "email":
        return bool(_emails(text) & _emails(noted))
    if way == "phone":
        short = _numbers(text)
        return any(
            any(find_number(text, number)) or any(number.endswith(each) for each in short)
            for number in _numbers(noted)
        )
    known = Known()
    known.take_address(noted)
    return bool(_postcodes(text) & known.postcodes) or any(
        each.theirs for each in find_addresses(text, known.lines)
    )


def _numbers(text: str) -> set[str]:
    """Telephone numbers without what is dialled before them: +44, 0044 or a nought."""
    places = list(find_phones(text)) or [(0, len(text))]
    found = {national(text[start:end]).lstrip("0") for start, end in places if "@" not in text}
    return {each for each in found if len(digits_of(each)) >= LEAST_DIGITS}


def _emails(text: str) -> set[str]:
    return {text[start:end].casefold() for start, end in find_emails(text)}


def _postcodes(text: str) -> set[str]:
    return {joined(text[start:end]) for start, end in find_postcodes(text)}
