"""Provenance: who made which version of a resource, for whom, when and why, out of the audit trail.

It says so of every version that a client or a case made, to whoever may read that version, and it
is no second record: an act writes one row (docs/decisions/0031).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services.referrals import codes
from shared.fhir.derived import Derived
from shared.fhir.derived.declaration import Resource
from shared.fhir.search.dates import instant_text
from shared.fhir.search.sql import Visible

_OPERATIONS = {"create": "CREATE", "put": "UPDATE", "patch": "UPDATE", "delete": "DELETE"}
"""By the action in the trail; a step of a case updates its Task."""

_ROWS = """
SELECT a.position AS n, a.made AS last_updated, a.client_id, a.subject, a.action, a.record,
       a.version,
       CASE WHEN a.organisation = c.organisation::text AND t.id IS NULL THEN ''
            ELSE a.organisation END AS organisation,
       CASE WHEN a.action IN ('create', 'delete') THEN a.action ELSE 'update' END AS kind
FROM audit_entry a
LEFT JOIN referral_case c ON c.id = a."case"
LEFT JOIN case_task t ON t.id = split_part(a.record, '/', 2) AND t.kind = 'triage'
WHERE a.version IS NOT NULL"""
"""What a sender's act does to a provider's Task or request names no sender: who its practice is
says much of an anonymous person (care 5)."""

READABLE = """EXISTS (
  SELECT FROM document d JOIN document_reader r ON r.pk = d.pk
  WHERE d.type = split_part(a.record, '/', 1) AND d.id = split_part(a.record, '/', 2)
    AND r.party = ANY(%(parties)s) AND r.since_version <= a.version)"""
"""Whether the version that a row ``a`` of the trail made may be read."""


def _of_types(visible: Visible, parameters: dict[str, Any]) -> str:
    """That a row ``a`` of the trail is about a type that the asker's scopes reach."""
    if not visible.hidden:
        return ""
    parameters["hidden"] = list(visible.hidden)
    return " AND split_part(a.record, '/', 1) <> ALL(%(hidden)s::text[])"


class Provenances(Derived):
    """See `shared.fhir.derived.Derived`."""

    name = "Provenance"
    dates = frozenset({"recorded", "when"})
    references: Mapping[str, str] = {
        "target": "v.record = ANY({any})",
        "patient": "v.record = ANY({any})",
        "agent": "'Organization/' || v.organisation = ANY({any})",
    }
    chained: Mapping[str, str] = {
        "target": "v.record = {address}",
        "patient": "v.record = {address}",
        "agent": "'Organization/' || v.organisation = {address}",
    }
    present: Mapping[str, str] = {
        "target": "true",
        "patient": "v.record LIKE 'Patient/%%'",
        "agent": "v.organisation <> ''",
        "recorded": "true",
        "when": "true",
    }
    codes: Mapping[str, str] = {}

    def __init__(self) -> None:
        self.kinds = {kind: _constant(kind) for kind in ("create", "update", "delete")}

    def rows(self, visible: Visible, parameters: dict[str, Any]) -> Sequence[str]:
        """Those about what this access may read, in the version that it may read."""
        if visible.parties is None:
            return (_ROWS,)
        parameters["parties"] = list(visible.parties)
        return (f"{_ROWS} AND {READABLE}{_of_types(visible, parameters)}",)

    def columns(self, logical_id: str) -> Mapping[str, Any] | None:
        """An id names type, id and version of what it is about."""
        parts = logical_id.split(".")
        if len(parts) != 3 or not parts[2].isascii() or not parts[2].isdigit():
            return None
        if len(parts[2]) > 9 or str(int(parts[2])) != parts[2]:
            return None
        return {"record": f"{parts[0]}/{parts[1]}", "version": int(parts[2])}

    def selected(self, _: Visible, __: dict[str, Any]) -> str:
        """Nothing more."""
        return ""

    def resource(self, row: Mapping[str, Any]) -> Resource:
        """What a row says; its target is the version, so that it stays true."""
        version, moment = row["version"], instant_text(row["last_updated"])
        body: Resource = {
            "id": f"{row['record'].replace('/', '.')}.{version}",
            "target": [{"reference": f"{row['record']}/_history/{version}"}],
            "occurredDateTime": moment,
            "recorded": moment,
        }
        body |= _constant(row["kind"])
        if row["action"] not in _OPERATIONS:
            step = {"system": codes.TRAIL_ACTION, "code": row["action"]}
            body["activity"] = {"coding": [*body["activity"]["coding"], step]}
        body["agent"] = [_agent(row, each) for each in _constant(row["kind"])["agent"]]
        return body


def _constant(kind: str) -> Resource:
    operation = _OPERATIONS.get(kind, "UPDATE")
    return {
        "activity": {"coding": [{"system": codes.DATA_OPERATION, "code": operation}]},
        "reason": [{"coding": [{"system": codes.ACT_REASON, "code": "TREAT"}]}],
        "agent": [
            {"type": {"coding": [{"system": codes.PROVENANCE_AGENT, "code": each}]}}
            for each in ("author", "transmitter")
        ],
    }


def _agent(row: Mapping[str, Any], kind: Resource) -> Resource:
    """The organisation as the author; the account or client by whom, on its behalf."""
    organisation = {"reference": f"Organization/{row['organisation']}"}
    if not row["organisation"]:
        return kind | {"who": {"display": "Kersey"}}
    by = {"identifier": {"system": codes.CLIENT, "value": row["subject"] or row["client_id"]}}
    if kind["type"]["coding"][0]["code"] == "author":
        return kind | {"who": organisation}
    return kind | {"who": by, "onBehalfOf": organisation}
