"""A Bundle of the user's own, made ready to be sent as a referral."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy.refusal import Refusal

SENDER = "https://sender.example/fhir"
"""Base of the addresses that loose resources get: references between them then resolve, and what
is not among them becomes a reference to the sender's own server (FHIR R4, Bundle, references)."""

ODS = "https://fhir.nhs.uk/Id/ods-organization-code"


class NoReferral(Refusal):
    """What was given is no Bundle with an active ServiceRequest; the message says what it is."""


def read_bundle(path: Path) -> dict[str, Any]:
    """A transaction Bundle from a file or folder.

    Parameters:
        path: a transaction Bundle as JSON, sent as it is; any other Bundle, a resource, or a
            folder of JSON files, whose resources are wrapped in a transaction.

    Raises:
        NoReferral: it cannot be read, or no active ServiceRequest is in it.
    """
    found = [resource for file in _files(path) for resource in _resources(file)]
    if len(found) == 1 and found[0].get("type") == "transaction":
        bundle = found[0]
    else:
        bundle = {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [_entry(each) for resource in found for each in _opened(resource)],
        }
    if not any(_starts(entry.get("resource", {})) for entry in bundle.get("entry", [])):
        message = f"{path} holds no active ServiceRequest: there is nothing to refer"
        raise NoReferral(message)
    return bundle


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(path.glob("*.json"))
    if path.is_file():
        return [path]
    message = f"{path} is neither a file nor a folder"
    raise NoReferral(message)


def _resources(file: Path) -> Iterator[dict[str, Any]]:
    try:
        content = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        message = f"{file} is not JSON: {error}"
        raise NoReferral(message) from error
    for each in content if isinstance(content, list) else [content]:
        if not isinstance(each, dict) or "resourceType" not in each:
            message = f"{file} is not a FHIR resource: it has no resourceType"
            raise NoReferral(message)
        yield each


def _opened(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if resource["resourceType"] != "Bundle":
        yield resource
        return
    for entry in resource.get("entry", []):
        if isinstance(entry.get("resource"), dict):
            yield entry["resource"]


def _entry(resource: dict[str, Any]) -> dict[str, Any]:
    kind = resource["resourceType"]
    entry: dict[str, Any] = {"resource": resource, "request": {"method": "POST", "url": kind}}
    if "id" in resource:
        entry["fullUrl"] = f"{SENDER}/{kind}/{resource['id']}"
    if kind == "Organization":
        known = [each for each in resource.get("identifier", []) if each.get("system") == ODS]
        for each in known[:1]:  # a second of the same code would be one too many for everybody
            entry["request"]["ifNoneExist"] = f"identifier={ODS}|{each.get('value', '')}"
    return entry


def _starts(resource: dict[str, Any]) -> bool:
    return resource.get("resourceType") == "ServiceRequest" and resource.get("status") == "active"
