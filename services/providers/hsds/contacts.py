"""Whom to speak to about a service, where, and in which language."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, StringConstraints

from services.providers.hsds.shapes import Attributes, Shape
from services.providers.hsds.values import Line, MaybeEmail, Prose, plain
from shared.misfits import form


class Language(Shape):
    """A language, by BCP 47 code."""

    id: UUID | None = None
    name: Annotated[Line, StringConstraints(max_length=100)] | None = None
    code: (
        Annotated[
            str,
            StringConstraints(
                pattern=form(
                    r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$",
                    "Give a language by its code (BCP 47), such as en, ur or pl.",
                )
            ),
        ]
        | None
    ) = None
    note: Prose | None = None


class Phone(Shape):
    """A telephone number."""

    id: UUID | None = None
    number: Annotated[str, StringConstraints(min_length=3, max_length=60), AfterValidator(plain)]
    description: Prose | None = None
    languages: tuple[Language, ...] = ()


class Contact(Shape):
    """Whom to speak to: a role, such as 'the volunteer on the desk'."""

    id: UUID | None = None
    name: Line | None = None
    title: Line | None = None
    department: Line | None = None
    email: MaybeEmail = None
    phones: tuple[Phone, ...] = ()
    attributes: Attributes = ()
