"""Taking a form: it is done, or it comes again with what is wrong, at its fields."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from fastapi import Response
from starlette.datastructures import FormData

from services.portal.answer_links import Refusal
from services.portal.staff.fields import Field, Typed, at_its_field, typed_into
from services.portal.staff.place import back_to

Faults = Mapping[str, str]


class Again(Protocol):
    """Shows the form with what was typed and what is wrong with it, by field."""

    async def __call__(self, typed: Typed, faults: Faults, status: int) -> Response:
        """The page."""


def _nothing(_: Typed, __: Faults) -> Faults:
    return {}


async def take(
    form: FormData,
    fields: Sequence[Field],
    do: Callable[[Typed], Awaitable[str]],
    again: Again,
    *,
    wrong: Callable[[Typed, Faults], Faults] = _nothing,
    refused: Callable[[Refusal, Sequence[Field]], Faults] = at_its_field,
) -> Response:
    """Do what a form says and go on, or show it again.

    Args:
        form: as it was sent; see `Place.form`.
        fields: that it has.
        do: sends it to a service, where its fields are right; returns the address to go on to.
        again: shows it with its faults.
        wrong: what no field knows by itself, such as two days in the wrong order; it is told what
            the fields found.
        refused: what a service says, in the words of the form.

    Raises:
        Refusal: it is not about what was typed.
    """
    typed, faults = typed_into(form, fields)
    faults = {**wrong(typed, faults), **faults}
    if not faults:
        try:
            return back_to(await do(typed))
        except Refusal as refusal:
            faults = dict(refused(refusal, fields))
    return await again(typed, faults, 422)
