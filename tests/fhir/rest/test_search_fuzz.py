"""Whatever stands in an address, the answer has a status that the interface describes."""

import string

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.fhir.types import all_types
from tests.fhir.rest.conftest import Server

CODES = sorted({code for each in all_types().values() for code in each.params})
PIECES = st.one_of(
    st.sampled_from(CODES),
    st.sampled_from(
        "& = , : . | $ \\ / ? # + % %2 %00 %ff %2B %26 %3D %5C%24 _sort= _count= _include= _type= "
        "_has:Task:patient:status= :missing= :not= _elements= _summary= _total= _page= "
        "_format=json _revinclude=*:* Patient Task gt2020 1e309 true".split()
    ),
    st.text(string.ascii_letters + string.punctuation + " é", max_size=5),
)


@given(
    path=st.sampled_from(["", "/", "/Patient", "/Task", "/Location", "/Patient/1", "/Patient/1/*",
                          "/Patient/1/Task", "/Patient/_history", "/_history"]),
    query=st.lists(PIECES, max_size=8).map("".join),
)  # fmt: skip
@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_address_is_answered(server: Server, path: str, query: str):
    answer = server("GET", f"/fhir{path}?{query}")
    assert answer.status_code in {200, 304, 400, 404, 405, 406, 410}, answer.text
    kind = answer.json()["resourceType"]
    assert kind in {"Bundle", "Patient"} if answer.status_code == 200 else "OperationOutcome"
