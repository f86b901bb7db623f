"""A practice's record system behind the stand-in: takes letters, gives both acknowledgements."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import uuid4
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

F = "{http://hl7.org/fhir}"
NHS = "https://fhir.nhs.uk/STU3"
HANDLING = f"{NHS}/StructureDefinition/Extension-ITK-MessageHandling-2"
FIXED = {
    "BusAckRequested": "true",
    "InfAckRequested": "true",
    "LocalExtension": "None",
}
"""Handling keys that Send Document fixes."""


class Answers(StrEnum):
    """How a practice's system behaves."""

    ACCEPTS = "accepts"
    UNREADABLE = "unreadable"
    """It finds the message wrong, whatever is in it."""
    NOT_KNOWN = "not-known"
    """It takes the message, and knows no such person."""
    LEFT = "left"
    """The person is not registered there any more."""
    SILENT = "silent"


BUSINESS = {Answers.ACCEPTS: "30001", Answers.NOT_KNOWN: "30002", Answers.LEFT: "30003"}


@dataclass
class PracticeSystem:
    """One practice.

    Attributes:
        ods_code: the practice.
        mailbox: its MESH mailbox.
        answers: how its system behaves.
        taken: the letters that it filed: one for each message identifier.
    """

    ods_code: str
    mailbox: str
    answers: Answers = Answers.ACCEPTS
    taken: dict[str, bytes] = field(default_factory=dict)

    def take(self, data: bytes) -> Iterator[bytes]:
        """File a message; what is answered, as ITK3 responses."""
        if self.answers is Answers.SILENT:
            return
        try:
            fault, header, identifier = _checked(data)
        except (SyntaxError, ValueError):
            yield _response("UNREADABLE-IN-ORIGINAL-MESSAGE", "", "10009", self.ods_code)
            return
        reference = _handling(header).get("SenderReference", "")

        def answer(code: str) -> bytes:
            return _response(identifier, reference, code, self.ods_code)

        if fault or self.answers is Answers.UNREADABLE:
            yield answer(fault or "20009")
            return
        if identifier in self.taken:
            yield answer("20007")
            return
        self.taken[identifier] = data
        yield answer("20013")
        yield answer(BUSINESS[self.answers])


def _checked(data: bytes) -> tuple[str, Element, str]:
    """What is wrong with a message as a response code, its header, and its identifier.

    Raises:
        SyntaxError, ValueError: it cannot be read.
    """
    root: Element = fromstring(data, forbid_dtd=True)
    header = root.find(f"./{F}entry/{F}resource/{F}MessageHeader")
    document = root.find(f"./{F}entry/{F}resource/{F}Bundle")
    identifier = _value(root, f"./{F}identifier/{F}value")
    if root.tag != f"{F}Bundle" or header is None or not identifier:
        raise ValueError("no message")
    handling = _handling(header)
    if any(handling.get(key) != fixed for key, fixed in FIXED.items()):
        return "10008", header, identifier
    if _value(header, f"./{F}event/{F}code") != "ITK007C":
        return "10004", header, identifier
    focus = _value(header, f"./{F}focus/{F}reference")
    if document is None or focus != f"urn:uuid:{_value(document, f'./{F}id')}":
        return "20006", header, identifier
    return _payload_fault(document), header, identifier


def _payload_fault(document: Element) -> str:
    entries = {
        _value(each, f"./{F}fullUrl"): each.find(f"./{F}resource/*")
        for each in document.iterfind(f"./{F}entry")
    }
    first = next(iter(entries.values()), None)
    if first is None or first.tag != f"{F}Composition":
        return "20009"
    wanted = {
        f"./{F}subject/{F}reference": "Patient",
        f"./{F}author/{F}reference": "Practitioner",
        f"./{F}custodian/{F}reference": "Organization",
        f"./{F}section/{F}entry/{F}reference": "Binary",
    }
    for path, kind in wanted.items():
        found = entries.get(_value(first, path))
        if found is None or found.tag != F + kind:
            return "20009"
    pdf = entries[_value(first, f"./{F}section/{F}entry/{F}reference")]
    assert pdf is not None
    is_pdf = _value(pdf, f"./{F}contentType") == "application/pdf"
    return "" if is_pdf and _value(pdf, f"./{F}content") else "20005"


def _handling(header: Element) -> dict[str, str]:
    found = {}
    for each in header.iterfind(f"./{F}extension[@url='{HANDLING}']/{F}extension"):
        value = next(iter(each), None)
        if value is not None:
            found[str(each.get("url"))] = value.get("value") or ""
    return found


def _value(element: Element, path: str) -> str:
    found = element.find(path)
    return "" if found is None else found.get("value") or ""


_OK = frozenset({"20013", "30001"})


def _response(identifier: str, reference: str, code: str, ods_code: str) -> bytes:
    """An ITK3 response (ITK3 Message Distribution, response structure)."""
    header, sender, outcome = (str(uuid4()) for _ in range(3))
    good = code in _OK
    return f"""<?xml version="1.0" encoding="utf-8"?>
<Bundle xmlns="http://hl7.org/fhir">
 <id value="{uuid4()}"/>
 <meta><profile value="{NHS}/StructureDefinition/ITK-Message-Bundle-1"/></meta>
 <identifier>
  <system value="https://tools.ietf.org/html/rfc4122"/><value value="{uuid4()}"/>
 </identifier>
 <type value="message"/>
 <entry>
  <fullUrl value="urn:uuid:{header}"/>
  <resource><MessageHeader>
   <id value="{header}"/>
   <meta><profile value="{NHS}/StructureDefinition/ITK-MessageHeader-2"/></meta>
   <extension url="{HANDLING}">
    <extension url="BusAckRequested"><valueBoolean value="false"/></extension>
    <extension url="InfAckRequested"><valueBoolean value="false"/></extension>
    <extension url="SenderReference"><valueString value="{reference}"/></extension>
   </extension>
   <event>
    <system value="{NHS}/CodeSystem/ITK-MessageEvent-2"/><code value="ITK008M"/>
   </event>
   <sender><reference value="urn:uuid:{sender}"/></sender>
   <response>
    <identifier value="{identifier}"/>
    <code value="{"ok" if good else "fatal-error"}"/>
    <details><reference value="urn:uuid:{outcome}"/></details>
   </response>
  </MessageHeader></resource>
 </entry>
 <entry>
  <fullUrl value="urn:uuid:{sender}"/>
  <resource><Organization>
   <id value="{sender}"/>
   <identifier>
    <system value="https://fhir.nhs.uk/Id/ods-organization-code"/><value value="{ods_code}"/>
   </identifier>
  </Organization></resource>
 </entry>
 <entry>
  <fullUrl value="urn:uuid:{outcome}"/>
  <resource><OperationOutcome>
   <id value="{outcome}"/>
   <issue>
    <severity value="{"information" if good else "fatal"}"/>
    <code value="{"informational" if good else "processing"}"/>
    <details><coding>
     <system value="{NHS}/CodeSystem/ITK-ResponseCodes-1"/><code value="{code}"/>
    </coding></details>
   </issue>
  </OperationOutcome></resource>
 </entry>
</Bundle>
""".encode()
