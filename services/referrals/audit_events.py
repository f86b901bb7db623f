"""AuditEvent: who saw and who changed a record of a person, out of the audit trail's two tables.

A practice's system reads those about its own patients, an administrator all. No name, no value of
a search and no address of a network is in them: who looked is told by client, account and
organisation, at what by reference (docs/decisions/0031).
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.referrals import codes
from services.referrals.accesses import CASE_READ, NOTIFIED, REFUSED
from services.referrals.break_glass import Act
from services.referrals.provenance import READABLE
from shared.fhir.derived import Derived
from shared.fhir.derived.declaration import Resource
from shared.fhir.search.dates import instant_text
from shared.fhir.search.sql import Visible

_REST = {
    "create": "C", "update": "U", "patch": "U", "delete": "D", "read": "R", "vread": "R",
    "search-type": "E", "history-instance": "R", "history-type": "R", "history-system": "R",
    "operation": "E",
}  # fmt: skip
"""FHIR's interactions (restful-interaction) and what each is by DICOM: AuditEvent.action."""
_LOOKED = ("identity-viewed", "gp-letter-read")
"""What is recorded as an act because it may not be lost, and is a look."""
_EMERGENCY: dict[str, str] = {
    Act.LOOKED_UP.value: "E", Act.OPENED.value: "E", Act.READ.value: "R", Act.CLOSED.value: "E",
    Act.EXPIRED.value: "E",
}  # fmt: skip
"""What is done in an emergency by who has otherwise no part in the case, and AuditEvent.action."""
_OVERRIDE: Mapping[str, tuple[str, str]] = {
    Act.OPENED.value: ("110127", "Emergency Override Started"),
    Act.CLOSED.value: ("110138", "Emergency Override Stopped"),
    Act.EXPIRED.value: ("110138", "Emergency Override Stopped"),
}
"""DICOM's codes of the security alerts among them (audit-event-sub-type)."""
_CASE = {CASE_READ: "R", NOTIFIED: "R", "case-act": "U"} | dict.fromkeys(_LOOKED, "R") | _EMERGENCY
"""What is done through the case API, and by Kersey itself."""
_EPOCH = datetime.fromtimestamp(0, UTC)
OK, DENIED = "0", "4"
"""audit-event-outcome: success, minor failure."""

_NAMED = ", ".join(f"'{each}'" for each in (*_LOOKED, *_EMERGENCY))
_BEYOND = "a.action LIKE 'refused-%%'"
_ACTS = f"""
SELECT a.position * 2 AS n, a.key, a.made AS last_updated, a.client_id,
       a.subject, a.organisation, a.action, a.record, a.person, '' AS query,
       coalesce(c.organisation::text, a.organisation) AS holder,
       CASE WHEN a.action IN ('create', 'patch', 'delete', {_NAMED}) THEN a.action
            WHEN a.action = 'put' THEN 'update' WHEN {_BEYOND} THEN substr(a.action, 9)
            ELSE 'case-act' END || CASE WHEN {_BEYOND} THEN '/4' ELSE '/0' END AS kind
FROM audit_entry a LEFT JOIN referral_case c ON c.id = a."case" """  # noqa: S608 - constants
_LOOKS = """
SELECT b.position * 2 + 1 AS n, b.key, b.made AS last_updated, b.client_id,
       b.subject, b.organisation, b.action, b.record, b.person, b.query, b.holder,
       b.action || CASE WHEN b.denied THEN '/4' ELSE '/0' END AS kind
FROM access_entry b"""

_PEOPLE = """
SELECT p.id, l.organisation::text FROM patient_link l
JOIN person p ON l.person IN (p.id, p.merged_into) WHERE l.patient = ANY(%(patients)s)"""
_OF_PATIENTS = "v.person = ANY({persons}) AND v.holder = ANY({holders})"
_OF_PATIENT = """{type} = 'Patient' AND EXISTS (
  SELECT FROM patient_link l JOIN person p ON l.person IN (p.id, p.merged_into)
  WHERE p.id = v.person AND l.patient = {id} AND l.organisation::text = v.holder)"""
_PATIENT = """(
  SELECT min(l.patient) FROM person p
  JOIN patient_link l ON l.person = coalesce(p.merged_into, p.id)
  WHERE p.id = v.person AND l.organisation::text = v.holder)"""


class AuditEvents(Derived):
    """See `shared.fhir.derived.Derived`."""

    name = "AuditEvent"
    dates = frozenset({"date"})
    references: Mapping[str, str] = {
        "agent": "'Organization/' || v.organisation = ANY({any})",
        "entity": f"v.record = ANY({{any}}) OR ({_OF_PATIENTS})",
        "patient": _OF_PATIENTS,
    }
    chained: Mapping[str, str] = {
        "agent": "'Organization/' || v.organisation = {address}",
        "entity": f"v.record = {{address}} OR ({_OF_PATIENT})",
        "patient": _OF_PATIENT,
    }
    people = _PEOPLE
    present: Mapping[str, str] = {
        "agent": "v.organisation <> ''",
        "altid": "true",
        "date": "true",
        "entity": "true",
        "patient": f"{_PATIENT} IS NOT NULL",
    }
    codes: Mapping[str, str] = {"altid": "v.client_id"}

    def __init__(self) -> None:
        self.kinds = {
            f"{each}/{outcome}": _constant(each, outcome)
            for each in (*_REST, *_CASE)
            for outcome in (OK, DENIED)
        }

    def rows(self, visible: Visible, parameters: dict[str, Any]) -> Sequence[str]:
        """Those about the patients of whoever asks; about all, for an administrator.

        Of acts those on what the asker reads: what a link worker writes into the person's record,
        and that there is such an act, is not for the practice (care 12).
        """
        if visible.parties is None or codes.AUDITORS in visible.parties:
            return _ACTS, _LOOKS
        (holder,) = set(visible.parties) - {codes.EVERYONE}
        parameters |= {"parties": list(visible.parties), "holder": holder}
        shown = f"(a.action IN ({_NAMED}) OR {READABLE})"
        return (
            f'{_ACTS} WHERE a."case" IS NULL AND a.organisation = %(holder)s AND {READABLE}',
            f"{_ACTS} WHERE c.organisation::text = %(holder)s AND {shown}",
            f"{_LOOKS} WHERE b.holder = %(holder)s",
        )

    def columns(self, logical_id: str) -> Mapping[str, Any] | None:
        """An id names the millisecond, by whose index the row is found, and the row."""
        moment, _, key = logical_id.partition("-")
        try:
            low = _EPOCH + timedelta(milliseconds=int(moment, 16))
            values = {"key": UUID(key), "last_updated": (low, low + timedelta(milliseconds=1))}
        except (ValueError, OverflowError):
            return None
        return values if _id(low, values["key"]) == logical_id else None

    def selected(self, visible: Visible, parameters: dict[str, Any]) -> str:
        """Which of the holder's Patients it is about, and whether the asker may hear of which.

        A token is told that a record was seen or changed, and not which, where its scopes do not
        reach the record's type. An administrator's ``audit.read`` is to see what was done to all.
        """
        audits = codes.AUDITORS in (visible.parties or ())
        hidden = () if audits else visible.hidden
        parameters["hidden"] = list(hidden)
        patient = "NULL" if "Patient" in hidden else _PATIENT
        unnamed = "split_part(v.record, '/', 1) = ANY(%(hidden)s::text[])"
        return f", {patient} AS patient, {unnamed} AS unnamed"

    def resource(self, row: Mapping[str, Any]) -> Resource:
        """What a row says."""
        kind, _, outcome = row["kind"].rpartition("/")
        beyond = row["action"].startswith(REFUSED)
        return {
            "id": _id(row["last_updated"], row["key"]),
            **_constant(kind, outcome),
            **({"outcomeDesc": "The token's scopes do not reach this type."} if beyond else {}),
            "recorded": instant_text(row["last_updated"]),
            "agent": _agents(row, kind),
            "entity": list(_entities(row)),
        }


def _id(moment: datetime, key: Any) -> str:
    return f"{(moment - _EPOCH) // timedelta(milliseconds=1):x}-{key}"


def _constant(kind: str, outcome: str) -> Resource:
    """Type and subtype by the interaction, as FHIR and DICOM code them."""
    if kind in _REST:
        event = {
            "type": {"system": codes.AUDIT_TYPE, "code": "rest"},
            "subtype": [{"system": codes.RESTFUL_INTERACTION, "code": kind}],
        }
    else:
        event = {
            "type": {"system": codes.DICOM, "code": "110110", "display": "Patient Record"},
            "subtype": [{"system": codes.TRAIL_ACTION, "code": kind}],
        }
    if kind in _EMERGENCY:
        event["purposeOfEvent"] = [{"coding": [codes.BREAK_GLASS]}]
    if kind in _OVERRIDE:
        code, display = _OVERRIDE[kind]
        event["type"] = {"system": codes.DICOM, "code": "110113", "display": "Security Alert"}
        alert = {"system": codes.DICOM, "code": code, "display": display}
        event["subtype"] = [alert, {"system": codes.TRAIL_ACTION, "code": kind}]
    return event | {
        "action": _REST.get(kind) or _CASE[kind],
        "outcome": outcome,
        "source": {"observer": {"display": "Kersey"}, "site": "kersey"},
    }


def _agents(row: Mapping[str, Any], kind: str) -> list[Resource]:
    by: Resource = {
        "who": {"identifier": {"system": codes.CLIENT, "value": row["subject"]}},
        "altId": row["client_id"],
        "requestor": True,
    }
    if kind in _EMERGENCY:
        by["purposeOfUse"] = [{"coding": [codes.BREAK_GLASS]}]
    if not row["organisation"]:
        return [by]
    organisation = {"reference": f"Organization/{row['organisation']}"}
    return [by, {"who": organisation, "requestor": False}]


def _entities(row: Mapping[str, Any]) -> list[Resource]:
    record = row["record"]
    kind, _, key = record.partition("/")
    what: Resource = {"type": kind} if row["unnamed"] else {"reference": record}
    if not key:  # what the token does not reach
        return [{"what": {"type": kind, "display": kind}}]
    if not kind[:1].isupper():
        # The person's own id would tell two organisations that they know the same person.
        case = {"identifier": {"system": f"{codes.KERSEY}/case", "value": key}}
        what = case if kind == "case" else {"display": kind}
    found: list[Resource] = [{"what": what}]
    if row["action"] not in _REST:
        found[0]["detail"] = [{"type": "action", "valueString": row["action"]}]
    if row["patient"] and record != f"Patient/{row['patient']}":
        found.append({"what": {"reference": f"Patient/{row['patient']}"}})
    if row["query"]:
        role = {"system": codes.OBJECT_ROLE, "code": "24", "display": "Query"}
        found.append({"role": role, "query": b64encode(row["query"].encode()).decode()})
    return found
