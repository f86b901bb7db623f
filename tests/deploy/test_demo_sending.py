"""What a person hands to `kersey demo journey --bundle`, made ready to be sent."""

import json

import pytest

from deploy.demo.sending import ODS, NoReferral, read_bundle


def test_a_folder_of_resources_becomes_one_transaction(tmp_path):
    request = {
        "resourceType": "ServiceRequest",
        "id": "1",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/2"},
    }
    practice = {
        "resourceType": "Organization",
        "id": "3",
        "identifier": [{"value": "x"}, {"system": ODS, "value": "ZZK01"}],
    }
    for number, resource in enumerate((request, practice)):
        (tmp_path / f"{number}.json").write_text(json.dumps(resource))
    bundle = read_bundle(tmp_path)
    assert bundle["type"] == "transaction"
    first, second = bundle["entry"]
    assert first["resource"] == request
    assert first["request"] == {"method": "POST", "url": "ServiceRequest"}
    assert first["fullUrl"].endswith("/ServiceRequest/1")
    # A second Organization with the code of a practice would stop everybody's conditional create.
    assert second["request"]["ifNoneExist"] == f"identifier={ODS}|ZZK01"


def test_nothing_to_refer_is_said_in_words(tmp_path):
    (tmp_path / "1.json").write_text(json.dumps({"resourceType": "Patient"}))
    with pytest.raises(NoReferral, match="no active ServiceRequest"):
        read_bundle(tmp_path)
