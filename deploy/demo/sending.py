"""A Bundle of the user's own, made ready to be sent as a referral."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.refusal import Refusal

Resource = dict[str, Any]

SENDER = "https://sender.example/fhir"
"""Base of the addresses that loose resources get: references between them then resolve, and what
is not among them becomes a reference to the sender's own server (FHIR R4, Bundle, references)."""

ODS = "https://fhir.nhs.uk/Id/ods-organization-code"

ENVELOPES = frozenset({"MessageHeader", "OperationOutcome"})
"""What only belongs to the Bundle that carried it, and is no content to be kept."""


class NoReferral(Refusal):
    """What was given is no Bundle with an active ServiceRequest; the message says what it is."""


@dataclass(frozen=True)
class OwnBundle:
    """A transaction Bundle to send.

    Attributes:
        content: what it says.
        body: the bytes to send; a transaction's are those of its file.
    """

    content: Resource
    body: bytes

    @classmethod
    def of(cls, content: Resource) -> "OwnBundle":
        """A Bundle that is in no file."""
        return cls(content, json.dumps(content).encode())


def read_bundle(path: Path) -> OwnBundle:
    """A transaction Bundle from a file or folder.

    Parameters:
        path: a transaction Bundle as JSON, sent as it is, byte for byte; any other Bundle, a
            resource, a list of these, or a folder of JSON files, whose resources are wrapped in a
            transaction.

    Raises:
        NoReferral: it cannot be read, or no active ServiceRequest is in it.
    """
    files = {file: _read(file) for file in _files(path)}
    contents = [(file, each) for file, body in files.items() for each in _resources(file, body)]
    entries = [entry for file, each in contents for entry in _entries(file, each)]
    if not any(_starts(entry.get("resource", {})) for entry in entries):
        message = f"{path} holds no active ServiceRequest: there is nothing to refer"
        raise NoReferral(message)
    if len(contents) == 1 and contents[0][1].get("type") == "transaction":
        file, bundle = contents[0]
        if isinstance(json.loads(files[file]), dict):
            return OwnBundle(bundle, files[file])
        return OwnBundle.of(bundle)
    wrapped = [_wrapped(entry) for entry in entries if _is_content(entry)]
    return OwnBundle.of({"resourceType": "Bundle", "type": "transaction", "entry": wrapped})


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(path.glob("*.json"))
    if path.is_file():
        return [path]
    message = f"{path} is neither a file nor a folder"
    raise NoReferral(message)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}"
        raise NoReferral(message) from error


def _resources(file: Path, body: bytes) -> Iterator[Resource]:
    try:
        content = json.loads(body, parse_constant=_refuse_constant)
    except RecursionError as error:
        message = f"{file} is nested too deeply to be a FHIR resource"
        raise NoReferral(message) from error
    except ValueError as error:
        message = f"{file} is not JSON: {error}"
        raise NoReferral(message) from error
    for each in content if isinstance(content, list) else [content]:
        yield _checked(each, f"{file} is not a FHIR resource")


def _refuse_constant(name: str) -> None:
    message = f"{name} is no JSON number"
    raise ValueError(message)


def _checked(resource: object, otherwise: str) -> Resource:
    if isinstance(resource, dict) and isinstance(resource.get("resourceType"), str):
        return resource
    message = f"{otherwise}: it has no resourceType"
    raise NoReferral(message)


def _entries(file: Path, resource: Resource) -> Iterator[dict[str, Any]]:
    """The entries of a Bundle, or a loose resource as an entry."""
    if resource["resourceType"] != "Bundle":
        yield {"resource": resource}
        return
    entries = resource.get("entry", [])
    if not isinstance(entries, list):
        message = f"{file}: Bundle.entry is not a list"
        raise NoReferral(message)
    for index, entry in enumerate(entries):
        at = f"{file}: Bundle.entry[{index}]"
        if not isinstance(entry, dict):
            message = f"{at} is not an entry"
            raise NoReferral(message)
        if "resource" in entry:
            _checked(entry["resource"], f"{at}.resource is not a FHIR resource")
        yield entry


def _is_content(entry: dict[str, Any]) -> bool:
    return "resource" in entry and entry["resource"]["resourceType"] not in ENVELOPES


def _wrapped(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry that creates the resource under the address by which the others refer to it."""
    resource = entry["resource"]
    kind = resource["resourceType"]
    made: dict[str, Any] = {"resource": resource, "request": {"method": "POST", "url": kind}}
    if entry.get("fullUrl"):
        made["fullUrl"] = entry["fullUrl"]
    elif "id" in resource:
        made["fullUrl"] = f"{SENDER}/{kind}/{resource['id']}"
    if kind == "Organization":
        known = [each for each in members(resource, "identifier") if each.get("system") == ODS]
        for each in known[:1]:  # a second of the same code would be one too many for everybody
            made["request"]["ifNoneExist"] = f"identifier={ODS}|{each.get('value', '')}"
    return made


def members(resource: Resource, element: str) -> list[dict[str, Any]]:
    """The objects of a list in a resource that nobody has validated yet."""
    found = resource.get(element)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _starts(resource: Resource) -> bool:
    return resource.get("resourceType") == "ServiceRequest" and resource.get("status") == "active"
