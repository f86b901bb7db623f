"""Rules of R4 on single resource types, and on NHS identifiers; named in ``invariants.toml``."""

from __future__ import annotations

from collections.abc import Iterator

from shared.fhir import nhs
from shared.fhir.dates import surely_after
from shared.fhir.invariants.nodes import Node, has, objects


def task_dates(node: Node) -> bool:
    """inv-1 of Task."""
    changed, authored = node.get("lastModified"), node.get("authoredOn")
    if not (isinstance(changed, str) and isinstance(authored, str)):
        return True
    return not surely_after(authored, changed)


def organization_home_address(node: Node) -> Iterator[str]:
    """org-2."""
    return (f"{place}.use" for place, item in objects(node, "address") if item.get("use") == "home")


def organization_home_telecom(node: Node) -> Iterator[str]:
    """org-3."""
    return (f"{place}.use" for place, item in objects(node, "telecom") if item.get("use") == "home")


def care_team_behalf(node: Node) -> bool:
    """ctm-1, where the reference says what the member is."""
    member = node.get("member")
    if not isinstance(member, dict):
        return False
    declared, literal = member.get("type"), member.get("reference")
    if isinstance(declared, str):
        return declared == "Practitioner"
    if isinstance(literal, str) and "/" in literal and ":" not in literal:
        return literal.startswith("Practitioner/")
    return True


def observation_absent(node: Node) -> bool:
    """obs-6."""
    return not has(node, "value")


def observation_component(node: Node) -> Iterator[str]:
    """obs-7."""
    if has(node, "value"):
        own = _coded(node)
        for place, component in objects(node, "component"):
            if own & _coded(component):
                yield f"{place}.code"


def _coded(node: Node) -> set[tuple[str, str]]:
    """(system, code) of the codings in ``code``."""
    concept = node.get("code")
    if not isinstance(concept, dict):
        return set()
    return {
        (str(coding.get("system")), str(coding["code"]))
        for _, coding in objects(concept, "coding")
        if "code" in coding
    }


def questionnaire_link_ids(node: Node) -> Iterator[str]:
    """que-2: every item whose linkId came before."""
    seen: set[str] = set()
    waiting: list[tuple[str, Node]] = list(objects(node, "item"))[::-1]
    while waiting:
        place, item = waiting.pop()
        link = item.get("linkId")
        if isinstance(link, str):
            if link in seen:
                yield f"{place}.linkId"
            seen.add(link)
        inner = [(place + deeper, child) for deeper, child in objects(item, "item")]
        waiting.extend(inner[::-1])


def parameter_content(node: Node) -> bool:
    """inv-1 of Parameters."""
    return has(node, "value") + ("resource" in node) + ("part" in node) == 1


def nhs_number(node: Node) -> bool:
    """An Identifier in the system of NHS numbers holds one."""
    if not nhs.is_nhs_identifier(node):
        return True
    value = node.get("value")
    return isinstance(value, str) and nhs.is_nhs_number(value)


def nhs_ethnicity(node: Node) -> Iterator[str]:
    """England's list behind UK Core's ethnic category."""
    return (f".extension[{index}]" for index in nhs.misplaced_ethnicity(node))


def nhs_verification_bound(node: Node) -> Iterator[str]:
    """The required binding of UK Core's verification status, of those who name its profile."""
    return nhs.unbound_verification(node)


def nhs_verification(node: Node) -> Iterator[str]:
    """The national lists behind UK Core's verification status."""
    return (f".extension[{index}]" for index in nhs.misplaced_verification(node))
