"""What a resource type offers: one declaration that index, queries and /metadata derive from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Literal, Self

from shared.fhir.search.terms import known_term, term

ParamType = Literal[
    "string", "token", "reference", "date", "number", "quantity", "uri", "composite", "special"
]

#: Interactions of R4 http.html, under the codes of TypeRestfulInteraction.
READ_ONLY = frozenset({"read", "vread", "history-instance", "history-type", "search-type"})
READ_WRITE = READ_ONLY | {"create", "update", "patch", "delete"}

ANY_TYPE = "*"

#: The one string parameter that compares sounds instead of letters.
PHONETIC = "phonetic"

#: The key of the link rows in which a resource says by which canonical URLs it is referred to.
CALLED = known_term("link", "canonical")

#: Types whose documents form a tree, and the parameter that leads to the parent (R4 search.html,
#: reference: ``:above`` and ``:below`` on strict hierarchies).
HIERARCHIES = MappingProxyType(
    {
        "CarePlan": "part-of",
        "Encounter": "part-of",
        "Location": "partof",
        "Organization": "partof",
        "Task": "part-of",
    }
)


@dataclass(frozen=True, slots=True)
class Path:
    """One place in a resource's JSON where a parameter's values stand.

    Arrays on the way are walked through, as in FHIRPath. ``where`` keeps only objects whose named
    child has that value (``telecom[system=email]``). ``datatype`` is the FHIR type found there.
    """

    keys: tuple[str, ...]
    datatype: str
    where: tuple[str, str] | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``name.family:string`` or ``telecom[system=email]:ContactPoint``."""
        path, _, datatype = text.partition(":")
        where = None
        if path.endswith("]"):
            path, _, condition = path[:-1].partition("[")
            name, _, value = condition.partition("=")
            where = (name, value)
        return cls(tuple(path.split(".")), datatype, where)

    @property
    def dotted(self) -> str:
        """The element path without the condition, as in an OperationOutcome's expression."""
        return ".".join(self.keys)


@dataclass(frozen=True)
class SearchParam:
    """One search parameter of one resource type (FHIR R4 search.html).

    Attributes:
        resource: the type that it belongs to.
        code: its name in a query.
        type: how its values are written and compared.
        paths: where its values stand.
        targets: for references, the types referred to; ``*`` is any.
        only_targets: count a reference only where it is to one of ``targets`` (``patient`` beside
            ``subject``).
        absent: the token that a resource without the element has (``deceased`` is then false).
        system: the system that its codes have by their element's binding.
        at: for composites, where the objects stand whose parts are compared together; an empty path
            is the resource itself.
        of: for composites, the two parts, with paths inside such an object.
        definition: the canonical URL of HL7's SearchParameter.
        version: raised whenever stored values would come out differently, for re-indexing.
    """

    resource: str
    code: str
    type: ParamType
    paths: tuple[Path, ...] = ()
    targets: tuple[str, ...] = ()
    only_targets: bool = False
    absent: str | None = None
    system: str = ""
    at: tuple[tuple[str, ...], ...] = ()
    of: tuple[SearchParam, ...] = ()
    definition: str = ""
    version: int = 1

    @cached_property
    def name(self) -> str:
        """``Type.code``: the prefix of its terms."""
        return f"{self.resource}.{self.code}"

    @cached_property
    def key(self) -> int:
        """Its key in the typed rows (dates, strings, quantities)."""
        return known_term("parameter", self.name)

    @cached_property
    def base_key(self) -> int:
        """For quantities: the key of the same rows with their unit turned into its base."""
        return known_term("parameter", self.name, "base")

    @cached_property
    def link_keys(self) -> tuple[int, ...]:
        """For references: its keys in the link rows.

        Links are kept by element, not by parameter, because ``patient`` and ``subject`` are one
        element and one row serves both.
        """
        return tuple(link_key(self.resource, path) for path in self.paths)

    def may_refer_to(self, type_name: str) -> bool:
        """Whether a reference to that type can be a value of this parameter."""
        return ANY_TYPE in self.targets or type_name in self.targets

    @property
    def is_code(self) -> bool:
        """Whether every value is a bare code, whose system the element implies."""
        return all(path.datatype in ("code", "boolean", "present", "id") for path in self.paths)

    @property
    def is_canonical(self) -> bool:
        """Whether it refers by canonical URL, which a document has beside its address."""
        return self.type == "reference" and all(p.datatype == "canonical" for p in self.paths)

    @property
    def can_sort(self) -> bool:
        """Whether results can be in its order; two values at once have none."""
        return self.type != "composite"

    @cached_property
    def text_keys(self) -> tuple[int, ...]:
        """For tokens: the keys of the texts beside their codes, in the rows of strings."""
        return tuple(text_key(self.resource, p) for p in self.paths if p.datatype in WITH_TEXT)

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """For composites: what its pairs of values are kept under, for each of ``at``.

        Kept by the elements and not by the parameter, because the pairs of ``code-value-quantity``
        are among those of ``combo-code-value-quantity``.
        """
        pair = "$".join("+".join(path.dotted for path in part.paths) for part in self.of)
        return tuple(f"{self.resource}.{'.'.join(keys)}/{pair}" for keys in self.at)


#: Datatypes that have words beside their code (R4 search.html, token, ``:text``).
WITH_TEXT = frozenset({"CodeableConcept", "Coding", "Identifier"})


def text_key(resource: str, path: Path) -> int:
    """The key of the rows that hold the texts of one element's codes."""
    return known_term("text", f"{resource}.{path.dotted}")


def pair_key(group: str, head: tuple[str, ...], *, base: bool = False) -> int:
    """The key of the typed rows of a composite's second values, where the first one is ``head``.

    With ``base``, of those with their unit turned into its base.
    """
    return term("base pair" if base else "pair", group, *head)


def link_key(resource: str, path: Path) -> int:
    """The key of the link rows of one reference element."""
    return known_term("link", f"{resource}.{path.dotted}")


@dataclass(frozen=True)
class ResourceType:
    """One served resource type.

    Attributes:
        name: such as ``ServiceRequest``.
        params: its search parameters by code, the common ones (``_id``, ``_tag``...) included.
        interactions: what clients may do, under the codes of TypeRestfulInteraction.
        sort_date: the date parameter by which its lists are usually sorted; that sort has an
            index of its own, so that it is quick for an owner with very many documents too.
        profiles: canonical URLs that /metadata names as supported.
        operations: those of this type beside $validate, each name and definition.
        topics: canonical URLs of what can be subscribed to; of Subscription alone.
        composed: whether its resources are made of other rows, see `shared.fhir.derived`.
        why: of a type that clients cannot write, who writes it; told with a refusal and in
            /metadata.
    """

    name: str
    params: Mapping[str, SearchParam] = field(default_factory=lambda: MappingProxyType({}))
    interactions: frozenset[str] = READ_WRITE
    sort_date: str | None = None
    profiles: tuple[str, ...] = ()
    operations: tuple[tuple[str, str], ...] = ()
    topics: tuple[str, ...] = ()
    composed: bool = False
    why: str = ""

    def offers(self, interaction: str) -> bool:
        """Whether clients may do this with the type."""
        return interaction in self.interactions

    @cached_property
    def by_element(self) -> Mapping[str, tuple[tuple[SearchParam, Path], ...]]:
        """Parameters and paths by the path's first key, so that absent elements cost nothing."""
        found: dict[str, list[tuple[SearchParam, Path]]] = {}
        for param in self.params.values():
            for path in param.paths:
                found.setdefault(path.keys[0], []).append((param, path))
        return {key: tuple(pairs) for key, pairs in found.items()}

    @cached_property
    def inside(self) -> dict[str, ResourceType]:
        """What `shared.fhir.search.contained` made of it, by the parameter that refers to it."""
        return {}

    @cached_property
    def composites(self) -> tuple[SearchParam, ...]:
        """Its parameters that compare two values of one object together."""
        return tuple(param for param in self.params.values() if param.type == "composite")

    @cached_property
    def is_called(self) -> bool:
        """Whether its documents have a canonical URL by which others refer to them."""
        url = self.params.get("url")
        return url is not None and url.paths == (Path(("url",), "uri"),)


Types = Mapping[str, ResourceType]
