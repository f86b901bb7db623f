"""Lists of terms, and their codes elsewhere."""

from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from services.providers.hsds.shapes import Own, Shape
from services.providers.hsds.values import Line, MaybeWeb, Prose, Web


class TermMapping(Own):
    """A term's code in another system; `verified` if somebody read it in `source`."""

    system: Web
    code: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    display: Line
    verified: bool
    source: Line


class TermOwn(Own):
    """What Kersey knows of a term: phrases that mean it, and its codes elsewhere."""

    synonyms: tuple[Annotated[str, StringConstraints(min_length=2, max_length=200)], ...] = ()
    mappings: tuple[TermMapping, ...] = ()


class TaxonomyTerm(Shape):
    """A term of a taxonomy."""

    id: UUID
    code: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    name: Line
    description: Prose
    parent_id: UUID | None = None
    term_uri: MaybeWeb = None
    kersey: TermOwn = TermOwn()


class Taxonomy(Shape):
    """A list of terms. `code` is the short name by which Kersey asks for it."""

    id: UUID
    code: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    name: Line
    description: Prose
    uri: MaybeWeb = None
    version: Line | None = None
    taxonomy_terms: tuple[TaxonomyTerm, ...] = ()
