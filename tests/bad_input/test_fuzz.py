"""The example referral, changed anywhere: it may be taken or refused, and never breaks anything."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bad_input.door import FHIR, all_services, token
from tests.infrastructure.postgres import NewDatabase
from tests.referrals.house import a_bundle
from tests.referrals.messaging import a_message, headers

EXAMPLE = a_bundle("fuzz")
MESSAGE = a_message("fuzz")
AUTH = FHIR | {"Authorization": f"Bearer {token()}"}

Path = tuple[Any, ...]


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in it, but the whole."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key, member in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(member, (*path, key))


PLACES = list(places(EXAMPLE))
IN_MESSAGE = list(places(MESSAGE))
text = st.one_of(
    st.text(max_size=20),
    st.text(alphabet=st.characters(codec=None, categories=["Cs", "Cc", "Cf", "Co"]), max_size=4),
    st.sampled_from(["", "2026-02-30", "urn:uuid:", "Patient/1", "#x", "x" * 70_000, "Bundle?a=b",
                     "https://fhir.nhs.uk/Id/nhs-number", "<div>", "active", "POST", "%00"]),
)  # fmt: skip
scalar = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), text)
anything = st.recursive(
    scalar,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def change(draw: st.DrawFn, found: list[Path] = PLACES) -> tuple[str, Path, Any]:
    """Replace, remove, repeat, rename, or add beside."""
    kind = draw(st.sampled_from(["replace", "remove", "repeat", "rename", "add", "wrap", "swap"]))
    place = draw(st.sampled_from(found))
    if kind == "swap":
        return kind, place, draw(st.sampled_from(found))
    return kind, place, draw(text if kind == "rename" else anything)


def changed(bundle: Any, kind: str, place: Path, new: Any) -> None:
    """Change it, where an earlier change left the place standing."""
    *above, last = place
    holder = bundle
    try:
        for step in above:
            holder = holder[step]
        now = holder[last]
        match kind:
            case "replace":
                holder[last] = new
            case "remove":
                del holder[last]
            case "repeat":
                holder[last] = [now, deepcopy(now)]
            case "wrap":
                holder[last] = {"x": now}
            case "rename":
                holder[new] = holder.pop(last)
            case "add":
                holder["extension" if isinstance(holder, dict) else len(holder)] = new
            case "swap":
                other = bundle
                for step in new:
                    other = other[step]
                holder[last] = deepcopy(other)
    except (LookupError, TypeError, AttributeError):
        return


@pytest.fixture(scope="module")
def http(
    module_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """Services of its own: what is taken here would be in the way elsewhere."""
    with (
        all_services(module_database, tmp_path_factory.mktemp("mail")) as (url, _),
        httpx.Client(base_url=url, timeout=60, headers=AUTH) as client,
    ):
        yield client


def understood(answer: httpx.Response) -> None:
    """It was taken, or refused with an OperationOutcome of the client's fault."""
    if answer.status_code in (200, 201):
        return
    assert 400 <= answer.status_code < 500, answer.text
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    assert len(answer.content) < 100_000


often = settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@often
@given(st.lists(change(), min_size=1, max_size=4))
def test_a_changed_bundle_never_breaks_anything(
    http: httpx.Client, changes: list[tuple[str, Path, Any]]
):
    bundle = deepcopy(EXAMPLE)
    for each in changes:
        changed(bundle, *each)
    # A referral of its own each time: otherwise all good ones would end as repeats of the first.
    sent = json.dumps(bundle).replace('"fuzz"', f'"{uuid4()}"')
    understood(http.post("/fhir", content=sent.encode()))


@settings(often, max_examples=120)
@given(st.lists(change(IN_MESSAGE), min_size=1, max_size=3))
def test_a_changed_message_never_breaks_anything(
    http: httpx.Client, changes: list[tuple[str, Path, Any]]
):
    message = deepcopy(MESSAGE)
    for each in changes:
        changed(message, *each)
    sent = json.dumps(message).replace('"fuzz"', f'"{uuid4()}"')
    answer = http.post("/fhir/$process-message", content=sent.encode(), headers=headers())
    understood(answer)
    if answer.is_error:
        codes = [each["details"]["coding"][0]["code"] for each in answer.json()["issue"]]
        assert all(code.startswith("REC_") for code in codes)


@often
@given(change(), st.sampled_from(["Patient", "ServiceRequest", "Organization", "PractitionerRole"]))
def test_a_changed_resource_never_breaks_anything(
    http: httpx.Client, each: tuple[str, Path, Any], kind: str
):
    bundle = deepcopy(EXAMPLE)
    changed(bundle, *each)
    found = [e.get("resource") for e in bundle.get("entry") or [] if isinstance(e, dict)] if (
        isinstance(bundle.get("entry"), list)
    ) else []  # fmt: skip
    for resource in found:
        if isinstance(resource, dict) and resource.get("resourceType") == kind:
            understood(http.post(f"/fhir/{kind}", content=json.dumps(resource).encode()))
            understood(http.post(f"/fhir/{kind}/$validate", content=json.dumps(resource).encode()))


@often
@given(st.data())
def test_changed_bytes_never_break_anything(http: httpx.Client, data: st.DataObject):
    raw = bytearray(json.dumps(EXAMPLE).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    understood(http.post("/fhir", content=bytes(raw)))


@often
@given(
    st.sampled_from(["Patient", "ServiceRequest", "Task", "Organization", "Observation"]),
    st.lists(
        st.tuples(
            st.one_of(
                text,
                st.sampled_from(
                    ["family", "identifier", "birthdate", "_id", "_lastUpdated", "_sort", "_count",
                     "status", "subject", "subject:Patient", "patient.family", "_include",
                     "_revinclude", "_has:Task:patient:status", "code", "authored",
                     "value-quantity",
                     "_page", "_elements", "_summary", "_total", "family:exact", "code:not",
                     "birthdate:missing", "_type", "_since"],
                ),
            ),
            st.one_of(
                text,
                st.sampled_from(
                    ["ge2026", "a|b", "|", "a,b", "\\", "\\,", "Patient/1", "true", "-1",
                     "9" * 30, "1e400", "le2026-02-30", "Task:patient", "5.4|http://x|mg", "ap1e-9",
                     "0001-01-01", "9999-12-31T23:59:60Z", "2026-01-01T00:00:00+14:00"],
                ),
            ),
        ),
        max_size=4,
    ),
)  # fmt: skip
def test_any_search_is_answered_or_refused(
    http: httpx.Client, kind: str, pairs: list[tuple[str, str]]
):
    safe = [(n.encode("utf-8", "replace"), v.encode("utf-8", "replace")[:5_000]) for n, v in pairs]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = httpx.QueryParams([(n.decode(), v.decode("utf-8", "ignore")) for n, v in safe])
    understood(http.post(f"/fhir/{kind}/_search", content=str(body).encode(), headers=form))
