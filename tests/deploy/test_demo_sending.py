"""What a person hands to `kersey demo journey --bundle`, made ready to be sent."""

import json
from io import StringIO

import pytest
from rich.console import Console

from deploy.demo import journey
from deploy.demo.journey import Journey, JourneyStopped
from deploy.demo.link import ByLink
from deploy.demo.sending import ODS, NoReferral, OwnBundle, read_bundle

PERSON = "urn:uuid:6f1d3a52-53a5-4f4e-9c1c-3f5c2f1f0a01"
REQUEST = "urn:uuid:6f1d3a52-53a5-4f4e-9c1c-3f5c2f1f0a02"


def bundle_of(kind, *more, patient=None):
    """A Bundle whose referral names its person by urn:uuid."""
    request = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "subject": {"reference": PERSON},
    }
    return {
        "resourceType": "Bundle",
        "type": kind,
        "entry": [
            *more,
            {"fullUrl": PERSON, "resource": patient or {"resourceType": "Patient"}},
            {"fullUrl": REQUEST, "resource": request},
        ],
    }


def written(tmp_path, content):
    file = tmp_path / "mine.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


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
    bundle = read_bundle(tmp_path).content
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


HEADER = {"fullUrl": "urn:uuid:6f1d3a52-53a5-4f4e-9c1c-3f5c2f1f0a03",
          "resource": {"resourceType": "MessageHeader"}}  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [bundle_of("collection"), bundle_of("message", HEADER), [bundle_of("collection")]],
    ids=["collection", "message", "list"],
)
def test_wrapped_resources_keep_the_addresses_by_which_they_refer_to_each_other(tmp_path, content):
    own = read_bundle(written(tmp_path, content))
    entries = own.content["entry"]
    assert [entry["fullUrl"] for entry in entries] == [PERSON, REQUEST]
    assert [entry["request"]["url"] for entry in entries] == ["Patient", "ServiceRequest"]
    assert json.loads(own.body) == own.content


def test_a_transaction_is_sent_byte_for_byte(tmp_path):
    # A key that is there twice is the server's to refuse; reading and writing would hide it.
    text = json.dumps(bundle_of("transaction"), indent=3).replace(
        '"intent"', '"status": "active",\n "intent"'
    )
    assert read_bundle(written(tmp_path, text)).body == text.encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"resourceType": "Bundle", "type": "collection", "entry": {}}', "entry is not a list"),
        ('{"resourceType": "Bundle", "type": "collection", "entry": null}', "entry is not a list"),
        ('{"resourceType": "Bundle", "type": "collection", "entry": [null]}', r"entry\[0\] is not"),
        (
            '{"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": null}]}',
            r"entry\[0\].resource is not a FHIR resource",
        ),
        ('{"resourceType": ["Patient"]}', "no resourceType"),
        ("[" * 100_000, "nested too deeply"),
        ('{"resourceType": "ServiceRequest", "status": "active", "quantity": NaN}', "NaN"),
        ('{"resourceType": "ServiceRequest", "status": "active", "quantity": -Infinity}', "Inf"),
    ],
    ids=lambda value: value[:40],
)
def test_what_cannot_be_a_bundle_is_refused_in_words_that_name_the_file(tmp_path, content, words):
    with pytest.raises(NoReferral, match=words) as refused:
        read_bundle(written(tmp_path, content))
    assert "mine.json" in str(refused.value)


# --- what the journey makes of it -------------------------------------------------------------


class Silent:
    """Stands for an answering provider where none is asked."""

    words = ""


@pytest.fixture
def journey_with(monkeypatch):
    """A journey with a Bundle whose Patient is given; it calls nobody yet."""
    monkeypatch.setattr(journey, "access_token", lambda *_: "token")

    def made(patient, answering=lambda _: Silent()):
        own = OwnBundle.of(bundle_of("transaction", patient=patient))
        return Journey(
            Console(file=StringIO()), "http://127.0.0.1:9", bundle=own, answering=answering
        )

    return made


@pytest.mark.parametrize(
    "patient",
    [
        {"resourceType": "Patient"},
        {"resourceType": "Patient", "name": None, "telecom": None},
        {"resourceType": "Patient", "name": [None, {"given": None}], "telecom": [{}]},
    ],
    ids=["nothing", "null", "empty"],
)
def test_a_patient_without_a_name_agrees_to_share_nothing(journey_with, patient):
    assert journey_with(patient).agreed() == {}


@pytest.mark.parametrize(
    ("family", "shown"),
    [
        ("O'Brien", "Nora O&#39;Brien"),
        ("Marks & Sons", "Nora Marks &amp; Sons"),
        ("Núñez-Łęcka", "Nora N&uacute;&ntilde;ez-Łęcka"),
        (" Two  Spaces", "Nora Two\n Spaces"),
    ],
)
def test_the_name_is_found_in_the_page_however_it_is_escaped(
    journey_with, monkeypatch, tmp_path, family, shown
):
    def answering(played):
        return ByLink(played, tmp_path / "mail")

    patient = {"resourceType": "Patient", "name": [{"family": family, "given": ["Nora"]}]}
    played = journey_with(patient, answering)
    provider = played._answering
    monkeypatch.setattr(provider, "awaited", lambda _: "123456")
    monkeypatch.setattr(provider, "_submit", lambda *_: f"<h1>{shown}</h1>")
    assert provider.identity() == played.agreed()["name"]
    monkeypatch.setattr(provider, "_submit", lambda *_: "<h1>Somebody else</h1>")
    assert provider.identity() == ""


MOVES = {"accept": "triage-accepted", "person-accepts": "person-accepted"}


class House:
    """Answers the journey's calls as Kersey would, but for one call that changes nothing."""

    def __init__(self, deaf_to: str = "", hits: tuple[object, ...] = ()) -> None:
        self.deaf_to = deaf_to
        self.hits = hits
        self.state = "new"
        self.attempts: list[object] = []

    def call(self, method, path, **arguments):
        action = path.rpartition("/")[2]
        if method == "POST" and action != self.deaf_to:
            self.state = MOVES.get(action, self.state)
            self.attempts += [arguments["json"]] if action == "contacts" else []
        if path == "/referrals/cases":
            return [{"service_request": "1", "case": "2"}]
        if path == "/directory/search":
            return {"contents": list(self.hits)}
        code = {"businessStatus": {"coding": [{"code": self.state}]}, "status": "s"}
        return code | {"attempts": list(self.attempts)}


def played_in(house, journey_with):
    played = journey_with({"resourceType": "Patient"})
    played.ehr = played.worker = house
    played.request, played.triage = "ServiceRequest/1", "7"
    return played


def test_each_step_of_triage_shows_what_it_changed(journey_with):
    played = played_in(House(), journey_with)
    played._triage()
    said = played.screen.file.getvalue()
    assert "Task/7: s/new -> s/triage-accepted" in said
    assert "case/2: 0 tries -> 1 tries" in said
    assert "Task/7: s/triage-accepted -> s/person-accepted" in said


@pytest.mark.parametrize("step", ["accept", "contacts", "person-accepts"])
def test_a_step_of_triage_that_changes_nothing_stops_the_journey(journey_with, step):
    played = played_in(House(deaf_to=step), journey_with)
    with pytest.raises(JourneyStopped, match="did not change"):
        played._triage()


def test_a_directory_that_finds_nothing_stops_the_journey(journey_with):
    played = played_in(House(), journey_with)
    with pytest.raises(JourneyStopped, match="the directory found nothing"):
        played._ask()
