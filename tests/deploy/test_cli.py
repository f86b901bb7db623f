"""The `kersey` command: what it says when something is missing, and an operator's first steps."""

import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import cast
from unittest import mock
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
import structlog
import typer
from cryptography.fernet import Fernet
from joserfc import jwk

from deploy.cli import app, main
from deploy.databases import ServiceDatabase, as_role, in_database
from deploy.services import SERVICES
from services.notifications.listings.notice import ListingNotice
from services.notifications.listings.rules import Kind
from tests.infrastructure.rabbitmq_node import in_vhost

KERSEY = Path(sys.executable).with_name("kersey")


def _below(group: typer.core.TyperGroup, *before: str) -> Iterator[tuple[str, bool]]:
    """Every command below a group, and whether it is a group itself."""
    for name, each in group.commands.items():
        words = (*before, name)
        yield " ".join(words), isinstance(each, typer.core.TyperGroup)
        if isinstance(each, typer.core.TyperGroup):
            yield from _below(each, *words)


COMMANDS = dict(_below(cast("typer.core.TyperGroup", typer.main.get_command(app))))

pytestmark = pytest.mark.timeout(180)


@dataclass
class Said:
    """What a command said."""

    returncode: int
    stdout: str
    stderr: str


def kersey(*words, **environment):
    """Run a command in this process: dozens of them would otherwise import for minutes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KERSEY_")}
    out, err, status = io.StringIO(), io.StringIO(), 0
    before = structlog.get_config()
    with (
        mock.patch.dict(os.environ, {**kept, **environment}, clear=True),
        mock.patch.object(sys, "argv", ["kersey", *words]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            status = int(end.code or 0)
    assert structlog.get_config() == before, "it is to run in a process of its own"
    return Said(status, out.getvalue(), err.getvalue())


def kersey_apart(*words, **environment):
    """Run a command in a process of its own, as it configures logging for the whole process."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KERSEY_")}
    return subprocess.run(
        [KERSEY, *words],
        check=False,
        capture_output=True,
        text=True,
        env={**kept, **environment},
        timeout=120,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command):
    helped = kersey(*command.split(), "--help")
    assert helped.returncode == 0, helped.stderr
    assert f"Usage: kersey {command}" in helped.stdout
    assert "\\" not in helped.stdout, "a sign that the terminal should not show"


@pytest.mark.parametrize("group", ["", *(each for each, nested in COMMANDS.items() if nested)])
def test_a_list_of_commands_has_whole_sentences(group):
    listed = kersey(*group.split(), "--help", COLUMNS="80").stdout.partition("Commands:\n")[2]
    assert listed
    assert [line for line in listed.splitlines() if line.endswith("...")] == []


def test_the_example_of_a_token_can_be_copied():
    helped = kersey("token", "--help").stdout.splitlines()
    assert "  TOKEN=$(.venv/bin/kersey token --as ehr)" in helped


def test_it_says_which_version_it_is():
    told = kersey("--version")
    assert (told.returncode, told.stdout) == (0, f"kersey {version('kersey')}\n")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("serve", "there is no service 'nobody'; there are: identity,"),
        ("worker", "there is no service 'nobody'"),
        ("migrate", "there is no service 'nobody'"),
    ],
)
def test_an_unknown_service_is_told_with_those_there_are(command, words):
    told = kersey(command, "nobody")
    assert told.returncode == 1
    assert words in told.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("providers --to nobody.here", "there is no consumer 'nobody.here'; there are: providers."),
        ("providers", "say --to whom"),
        ("providers --to providers.places", "can tell providers.places again: nothing"),
        ("referrals --to providers.places --kind songs", "again: cases"),
        ("referrals --missed --restored", "it takes neither --kind nor --restored"),
    ],
)
def test_what_cannot_be_republished_is_told_with_what_can(words, told):
    said = kersey("republish", *words.split())
    assert said.returncode == 1
    assert told in said.stderr


def test_missing_settings_are_named_as_in_the_environment():
    told = kersey("serve", "identity")
    assert told.returncode == 1
    assert "KERSEY_DATABASE_URL: Field required" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_wrong_setting_is_named_and_its_value_is_not():
    told = kersey(
        "serve",
        "identity",
        KERSEY_DATABASE_URL="postgresql://x",
        KERSEY_KEY_ENCRYPTION_KEY="half-a-secret",
    )
    assert "KERSEY_KEY_ENCRYPTION_KEY" in told.stderr
    assert "half-a-secret" not in told.stderr


@pytest.mark.parametrize(
    ("said", "heeded"), [({}, "WARNING"), ({"KERSEY_LOG_LEVEL": "info"}, "INFO")]
)
def test_all_in_one_logs_what_it_is_told_to_and_little_else(port, tmp_path, said, heeded):
    with (
        socket.create_server(("127.0.0.1", port)),
        mock.patch("shared.logging.configure") as configure,
    ):
        told = kersey("run", "--port", str(port), "--data", str(tmp_path), **said)
    assert "cannot be used" in told.stderr
    configure.assert_called_once_with(heeded)


@pytest.mark.parametrize("command", ["run", "serve portal"])
def test_a_level_of_logging_that_there_is_not_is_told_with_those_there_are(command):
    told = kersey(*command.split(), KERSEY_LOG_LEVEL="loud")
    assert told.returncode == 1
    assert "KERSEY_LOG_LEVEL: Input should be 'DEBUG', 'INFO'," in told.stderr


@pytest.mark.parametrize(
    ("command", "setting"),
    [
        ("databases create", "KERSEY_ADMIN_DATABASE_URL"),
        ("migrate", "KERSEY_ADMIN_DATABASE_URL"),
        ("demo load", "KERSEY_ADMIN_DATABASE_URL"),
        ("broker setup", "KERSEY_AMQP_ADMIN_URL"),
        ("broker check", "KERSEY_AMQP_URL"),
        ("clients services", "KERSEY_SERVICE_SECRET__NOTIFICATIONS"),
    ],
)
def test_an_operators_command_names_what_it_needs(command, setting):
    passwords = {f"KERSEY_DATABASE_PASSWORD__{each.name.upper()}": "p" for each in SERVICES}
    given = passwords if setting == "KERSEY_ADMIN_DATABASE_URL" else {}
    told = kersey(*command.split(), **given)
    assert told.returncode == 1
    assert setting in told.stderr
    assert "Traceback" not in told.stderr


def test_every_missing_password_is_named_at_once(postgres):
    told = kersey("databases", "create", KERSEY_ADMIN_DATABASE_URL=postgres)
    for each in SERVICES:
        assert f"KERSEY_DATABASE_PASSWORD__{each.name.upper()}" in told.stderr


def test_a_worker_without_work_or_broker_says_so():
    settings = {
        "KERSEY_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "KERSEY_KEY_ENCRYPTION_KEY": Fernet.generate_key().decode(),
    }
    assert "set KERSEY_AMQP_URL" in kersey_apart("worker", "identity", **settings).stderr
    idle = kersey_apart("worker", "portal", KERSEY_AMQP_URL="amqp://127.0.0.1:1/")
    assert idle.returncode == 1
    assert "`kersey serve portal` is all it needs" in idle.stderr


def test_what_does_not_run_is_told(port, tmp_path):
    nobody = f"http://127.0.0.1:{port}"
    assert "is `make run` running?" in kersey("token", "--as", "ehr", "--url", nobody).stderr
    assert "`make run` starts" in kersey("ready", nobody).stderr
    listed = kersey("dead-letters", "list", KERSEY_DATA_DIR=str(tmp_path))
    assert "start it with `make run`" in listed.stderr


def test_an_unknown_demo_client_is_told_with_those_there_are():
    assert "there are: ehr, ehr-2, link-worker" in kersey("token", "--as", "nobody").stderr


@pytest.fixture(scope="module")
def operator(postgres):
    """The settings of an operator of this server, and what they create, removed afterwards."""
    settings = {
        "KERSEY_ADMIN_DATABASE_URL": postgres,
        **{f"KERSEY_DATABASE_PASSWORD__{each.name.upper()}": "p@ss/word" for each in SERVICES},
    }
    created = kersey("databases", "create", **settings)
    assert created.returncode == 0, created.stderr
    yield settings
    with psycopg.connect(postgres, autocommit=True) as admin:
        for each in SERVICES:
            admin.execute(f"DROP DATABASE {each.database_name} WITH (FORCE)")
            admin.execute(f"DROP ROLE {each.database_name}")


@pytest.fixture(scope="module")
def migrated(operator):
    done = kersey("migrate", **operator)
    assert done.returncode == 0, done.stderr
    return operator


@pytest.fixture
def identity(migrated):
    url = as_role(
        migrated["KERSEY_ADMIN_DATABASE_URL"], ServiceDatabase("kersey_identity", "p@ss/word")
    )
    return {
        "KERSEY_DATABASE_URL": url,
        "KERSEY_KEY_ENCRYPTION_KEY": Fernet.generate_key().decode(),
    }


def test_an_operator_creates_and_migrates_all_databases_twice_without_harm(migrated):
    assert kersey("databases", "create", **migrated).returncode == 0
    again = kersey("migrate", **migrated)
    assert again.stdout.splitlines() == [f"{each.name}: up to date" for each in SERVICES]
    for each in SERVICES:
        url = in_database(migrated["KERSEY_ADMIN_DATABASE_URL"], each.database_name)
        with psycopg.connect(url) as connection:
            owners = connection.execute(
                "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
        assert owners == [(each.database_name,)]


LOST, BACK, WAITING, THERE, TOLD, LETTER, LISTED = (str(uuid4()) for _ in range(7))
PARTY = str(uuid4())
TEAM, BROUGHT_IN, UNHEARD_OF = str(uuid4()), str(uuid4()), str(uuid4())
CONTACT = str(uuid4())


def _insert(connection, table, **row):
    """A row of which the columns that do not matter are filled in."""
    filled = {"order_key": "a", "channel": "email", "address": "", "payload": "{}"} | row
    names = ", ".join(f'"{name}"' for name in filled)
    places = ", ".join(["%s"] * len(filled))
    connection.execute(f"insert into {table} ({names}) values ({places})", list(filled.values()))


@pytest.fixture(scope="module")
def sent(migrated):
    """Deliveries of several services, in every state that matters."""
    look = ListingNotice(
        kind=Kind.LOOK, event=uuid4(), time=datetime.now(UTC), listing=uuid4(), provider=UUID(PARTY)
    )
    admin = migrated["KERSEY_ADMIN_DATABASE_URL"]
    with psycopg.connect(in_database(admin, "kersey_notifications")) as connection:
        connection.execute(
            "insert into listing_seen (subject, sequence, name) values (%s, '1', 'Canal Gardens')",
            [f"provider/{PARTY}"],
        )
        connection.execute("insert into hub (code, organisation) values ('calder', 'x')")
        connection.execute(
            "insert into contact (id, party, role, label, means, address, source, verified_by_hub,"
            " active, revision) values (%s, %s, 'requests', '', 'email', 'a@b.example', 'hub',"
            " true, false, 1)",
            [CONTACT, PARTY],
        )
        about = {"event": uuid4(), "case": uuid4(), "party": PARTY, "kind": "request"}
        for key, state in ((WAITING, "queued"), (THERE, "delivered"), (BACK, "bounced")):
            _insert(connection, "delivery", id=key, state=state, contact=CONTACT, **about)
        _insert(
            connection, "delivery", id=LOST, state="failed", contact=CONTACT,
            created="2020-02-02T00:00Z", last_error="smtp-550", **about | {"party": "calder"},
        )  # fmt: skip
        _insert(
            connection, "person_delivery", id=TOLD, state="queued", kind="agreed",
            event=uuid4(), case=uuid4(), task=uuid4(),
        )  # fmt: skip
        _insert(
            connection, "listing_delivery", id=LISTED, channel="none", state="failed",
            last_error="no-contact", event=look.event, kind=look.kind.value, listing=look.listing,
            party=PARTY, payload=look.model_dump_json(exclude_none=True),
        )  # fmt: skip
    with psycopg.connect(in_database(admin, "kersey_referrals")) as connection:
        _insert(connection, "gp_delivery", id=LETTER, state="failed", channel="mesh")
    return migrated


def _ids(told):
    return [line.split("\t")[1] for line in told.stdout.splitlines()[1:]]


def test_deliveries_that_need_somebody_come_first_with_whom_they_are_for(sent):
    listed = kersey("deliveries", "list", **sent)
    assert listed.returncode == 0, listed.stderr
    assert _ids(listed)[0] == LOST, "the oldest failure"
    assert set(_ids(listed)[1:3]) == {LISTED, LETTER}
    assert _ids(listed)[3] == BACK
    assert set(_ids(listed)[4:]) == {WAITING, TOLD}
    said = {line.split("\t")[1]: line.split("\t")[2:4] for line in listed.stdout.splitlines()}
    assert said[LOST] == ["request", "hub calder"]
    assert said[BACK] == ["request", "Canal Gardens"]
    assert said[TOLD] == ["agreed", "the person"]
    assert said[LETTER] == ["gp-message", "the practice"]
    assert "in all: 3 failed, 1 bounced, 2 queued, 1 delivered" in listed.stderr
    assert "5 more are not listed" in kersey("deliveries", "list", "--limit", "1", **sent).stderr


def test_a_party_without_a_listing_is_called_by_its_name_all_the_same(sent):
    admin = sent["KERSEY_ADMIN_DATABASE_URL"]
    with psycopg.connect(in_database(admin, "kersey_referrals")) as connection:
        connection.execute(
            "insert into place_hub (code, name, organisation) values ('aire', 'Aire', %s)",
            [str(uuid4())],
        )
        connection.execute(
            "insert into link_worker_service (organisation, name, hub, phone)"
            " values (%s, 'Beckside link workers', 'aire', '')",
            [TEAM],
        )
    with psycopg.connect(in_database(admin, "kersey_providers")) as connection:
        connection.execute(
            "insert into organization (id, name, description, version, last_modified)"
            " values (%s, 'Not listed yet', '', 1, now())",
            [BROUGHT_IN],
        )
    keys = {party: str(uuid4()) for party in (TEAM, BROUGHT_IN, UNHEARD_OF)}
    with psycopg.connect(in_database(admin, "kersey_notifications")) as connection:
        for party, key in keys.items():
            _insert(
                connection, "delivery", id=key, state="superseded", party=party, kind="declined",
                event=uuid4(), case=uuid4(),
            )  # fmt: skip
    listed = kersey("deliveries", "list", "--kind", "declined", "--state", "all", **sent)
    said = {line.split("\t")[1]: line.split("\t")[3] for line in listed.stdout.splitlines()}
    assert said[keys[TEAM]] == "Beckside link workers"
    assert said[keys[BROUGHT_IN]] == "Not listed yet"
    assert said[keys[UNHEARD_OF]] == f"organisation {UNHEARD_OF}"
    shown = kersey("deliveries", "show", keys[TEAM], **sent).stdout
    assert "declined for Beckside link workers" in shown


def test_deliveries_are_picked_by_state_channel_kind_and_day(sent):
    def ids(*options):
        return set(_ids(kersey("deliveries", "list", *options, **sent)))

    assert ids("--state", "failed") == {LOST, LETTER, LISTED}
    assert ids("--state", "bounced", "--state", "delivered") == {BACK, THERE}
    assert ids("--state", "all", "--channel", "mesh") == {LETTER}
    assert ids("--kind", "gp-message") == {LETTER}
    assert ids("--state", "failed", "--kind", "request") == {LOST}
    assert LOST not in ids("--since", "2020-02-03")
    none = kersey("deliveries", "list", "--state", "superseded", "--kind", "request", **sent)
    assert "there are 1 failed, 1 bounced, 1 queued, 1 delivered: --state all" in none.stdout
    no_such_channel = kersey("deliveries", "list", "--channel", "no", **sent)
    assert "lists all there are" in no_such_channel.stdout
    no_such_kind = kersey("deliveries", "list", "--kind", "referral", **sent)
    assert no_such_kind.returncode == 1
    assert "no delivery is of the kind 'referral'; the kinds are: " in no_such_kind.stderr
    assert {"request,", "gp-message,", "digest,"} <= set(no_such_kind.stderr.split())


def test_a_delivery_says_what_it_is_and_for_whom(sent):
    shown = kersey("deliveries", "show", BACK, **sent).stdout
    assert "request for Canal Gardens, by email; of notifications" in shown
    assert "what to do: Its contact is not used any more" in shown
    assert "agreed for the person" in kersey("deliveries", "show", TOLD, **sent).stdout
    unheard = kersey("deliveries", "show", LISTED, **sent).stdout
    assert "what to do: Nobody is a contact who could be told of this" in unheard
    mendable = kersey("deliveries", "show", LETTER, **sent).stdout
    assert f"what to do: mend the cause, and `kersey deliveries retry {LETTER}`" in mendable
    assert LETTER in _ids(kersey("deliveries", "list", "--state", "failed", **sent))
    unknown = kersey("deliveries", "show", str(uuid4()), **sent).stderr
    assert "`kersey deliveries list --state all` lists those there are" in unknown


def test_a_retry_that_cannot_help_says_what_does(sent):
    for key, words in (
        (THERE, "It has not failed"),
        (BACK, "Its contact is not used any more"),
        (LISTED, "Nobody is a contact who could be told of this"),
        (str(uuid4()), "there is no delivery"),
    ):
        told = kersey("deliveries", "retry", key, **sent)
        assert (told.returncode, told.stdout) == (1, "")
        assert words in told.stderr
    assert "will be tried again now" in kersey("deliveries", "retry", LETTER, **sent).stdout


def test_webhooks_that_are_not_there_are_told_with_what_is(migrated):
    assert "PUT /notifications/contacts" in kersey("webhooks", "list", **migrated).stdout
    told = kersey("webhooks", "list", "calder", **migrated).stdout
    assert "calder has no webhook; `kersey webhooks list`" in told


@pytest.mark.parametrize(
    "words", [("list", "nobody"), ("show", "nobody", "x"), ("replay", "nobody")]
)
def test_an_unknown_consumer_is_told_with_those_there_are(words):
    told = kersey("dead-letters", *words)
    assert told.returncode == 1
    assert "there is no consumer 'nobody'; there are: " in told.stderr
    assert "notifications.cases" in told.stderr


def test_one_service_is_migrated_with_its_own_settings(identity):
    assert kersey("migrate", "identity", **identity).stdout == "identity: up to date\n"


def test_a_client_is_registered_once_and_its_secret_shown_once(identity):
    words = (
        "clients",
        "register",
        "an-ehr",
        "--name",
        "A record system",
        "--organisation",
        "7d1bb1b2-6f39-4d36-a3ce-3d3a6bd5a2b7",
        "--scope",
        "system/*.rs",
        "--role",
        "referral-sender",
    )
    first = kersey(*words, **identity)
    assert "its secret, which nobody can read again: " in first.stdout
    second = kersey(*words, **identity)
    assert second.returncode == 1
    assert "registered already" in second.stderr


REGISTRATION = (
    *("--name", "A record system", "--scope", "system/*.rs"),
    *("--organisation", "7d1bb1b2-6f39-4d36-a3ce-3d3a6bd5a2b7"),
)


def test_a_client_is_registered_by_its_keys_in_a_file(identity, tmp_path):
    key = jwk.ECKey.generate_key("P-384", {"kid": "a", "alg": "ES384"})
    keys = tmp_path / "jwks.json"
    words = ("clients", "register", "with-keys", *REGISTRATION, "--jwks", str(keys))
    assert "cannot be read as a JWK Set" in kersey(*words, **identity).stderr
    keys.write_text(json.dumps({"keys": [key.as_dict(private=True)]}))
    private = kersey(*words, **identity)
    assert "a private key" in private.stderr
    assert key.as_dict(private=True)["d"] not in private.stderr
    keys.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    assert kersey(*words, **identity).stdout == "with-keys: registered\n"
    assert (
        "has keys and no secret"
        in kersey("clients", "renew-secret", "with-keys", **identity).stderr
    )


def test_an_operator_lists_renews_and_deactivates_clients(identity):
    first = kersey("clients", "register", "kept", *REGISTRATION, **identity).stdout
    renewed = kersey("clients", "renew-secret", "kept", **identity)
    assert "its secret, which nobody can read again: " in renewed.stdout
    assert first.splitlines()[-1] != renewed.stdout.splitlines()[-1]

    def listed():
        lines = kersey("clients", "list", **identity).stdout.splitlines()
        return next(line for line in lines if line.startswith("kept\t"))

    assert listed().endswith("\tyes")
    assert "kept: gets no tokens" in kersey("clients", "deactivate", "kept", **identity).stdout
    assert listed().endswith("\tno")
    assert "kept: gets tokens" in kersey("clients", "activate", "kept", **identity).stdout
    for command in ("renew-secret", "deactivate", "activate"):
        told = kersey("clients", command, "nobody", **identity)
        assert told.returncode == 1
        assert "no client nobody is registered" in told.stderr


def test_signing_keys_are_listed_rotated_and_replaced(identity):
    def kids():
        lines = kersey("signing-keys", "list", **identity).stdout.splitlines()
        return {state: kid for kid, state, *_ in (line.split("\t") for line in lines[1:])}

    made = kersey("signing-keys", "replace-stolen", **identity)
    assert "every key of before is gone" in made.stdout
    before = kids()
    soon = kersey("signing-keys", "rotate", **identity)
    assert soon.returncode == 1
    assert "too short a time ago: wait" in soon.stderr
    with psycopg.connect(identity["KERSEY_DATABASE_URL"]) as connection:
        connection.execute("UPDATE signing_key SET created = created - interval '6 minutes'")
    done = kersey("signing-keys", "rotate", **identity)
    assert done.stdout == f"{before['standby']}: signs from now on\n"
    assert kids()["active"] == before["standby"]
    kersey("signing-keys", "replace-stolen", **identity)
    assert not set(before.values()) & set(kids().values())


def test_services_are_registered_as_clients(identity):
    secret = {
        "KERSEY_SERVICE_SECRET__NOTIFICATIONS": "n" * 40,
        "KERSEY_SERVICE_SECRET__PORTAL": "p" * 40,
        "KERSEY_SERVICE_SECRET__PORTAL_SIGN_IN": "s" * 40,
    }
    for _ in range(2):
        done = kersey("clients", "services", **identity, **secret)
        assert done.stdout.splitlines() == [
            "kersey-notifications: registered",
            "kersey-portal: registered",
            "kersey-portal-sign-in: registered",
        ], done.stderr
    weak = secret | {"KERSEY_SERVICE_SECRET__NOTIFICATIONS": "short"}
    assert kersey("clients", "services", **identity, **weak).returncode == 1


def test_people_are_invited_shown_and_sent_away(identity, tmp_path):
    people = partial(kersey_apart, "people")
    where = identity | {"KERSEY_MAILDIR": str(tmp_path / "mail")}
    place = ("--organisation", str(uuid4()), "--organisation-name", "Bradford hub")
    email = f"{uuid4().hex}@team.example"
    new = ("invite", email, "--name", "Bo Li", *place)
    done = people(*new, "--role", "link-worker", **where)
    assert done.stdout == f"{email}: invited, for 72 hours\n", done.stderr
    assert "nobody acts for the organisation" in done.stderr
    colleague = ("invite", f"{uuid4().hex}@team.example", "--name", "Al Ray", *place)
    assert (
        people(
            *colleague, "--role", "link-worker", KERSEY_MAILDIR=str(tmp_path / "other"), **identity
        ).stderr
        == ""
    )
    assert len(list((tmp_path / "mail" / "new").iterdir())) == 1
    assert "already" in people(*new, "--role", "link-worker", **where).stderr
    assert people("invite", email, **where).returncode == 0
    lists = people("list", **where).stdout.splitlines()
    assert f"{email}\tBo Li\tinvited\tlink-worker at Bradford hub" in lists
    assert people("roles", email, *place, "--role", "team-lead", **where).returncode == 0
    assert "there is no role" in people("roles", email, *place, "--role", "king", **where).stderr
    for act in ("sign-out", "disable", "enable"):
        assert people(act, email, **where).returncode == 0
    shown = people("show", email, **where).stdout
    for each in ("team-lead", "invited-again", "signed-out", "disabled", "enabled", "operator"):
        assert each in shown
    assert "nobody has an account" in people("disable", "a@b.example", **where).stderr
    assert "care-navigator" in people("roles").stdout


@pytest.fixture(scope="module")
def rabbit(own_rabbitmq):
    vhost = urlsplit(own_rabbitmq.new_vhost()).path[1:]
    services = in_vhost(own_rabbitmq.url.replace("guest:guest", "kersey-cli:p"), vhost)
    return {
        "KERSEY_AMQP_ADMIN_URL": in_vhost(own_rabbitmq.url, vhost),
        "KERSEY_AMQP_MANAGEMENT_URL": own_rabbitmq.management,
        "KERSEY_AMQP_URL": services,
    }


def test_the_broker_is_set_up_limited_and_checked(rabbit):
    before = kersey("broker", "check", KERSEY_AMQP_URL=rabbit["KERSEY_AMQP_ADMIN_URL"])
    assert before.returncode == 1
    assert "kersey broker setup" in before.stderr

    kersey("broker", "setup", **rabbit)
    done = kersey("broker", "setup", **rabbit, KERSEY_AMQP_QUEUE_LENGTH="5000")
    assert done.returncode == 0, done.stderr
    assert "notifications.cases: declared" in done.stdout
    assert kersey("broker", "check", **rabbit).returncode == 0

    vhost = urlsplit(rabbit["KERSEY_AMQP_URL"]).path[1:]
    with httpx.Client(base_url=rabbit["KERSEY_AMQP_MANAGEMENT_URL"], timeout=60) as api:
        policy = api.get(f"/api/policies/{vhost}/kersey-length").json()
        rights = api.get(f"/api/permissions/{vhost}/kersey-cli").json()
        listed = api.get(f"/api/queues/{vhost}").json()
    assert policy["definition"] == {"max-length": 5000, "overflow": "reject-publish"}
    assert (rights["configure"], rights["write"]) == ("^$", r"^kersey\.")
    queues = {queue["name"]: queue for queue in listed}
    assert "kersey.notifications.cases" in queues
    limited = {name for name in queues if queues[name].get("policy") == "kersey-length"}
    assert not any(name.endswith(".dead") for name in limited)


def test_a_broker_that_is_away_or_refuses_is_told_in_words(rabbit, port):
    away = {"KERSEY_AMQP_ADMIN_URL": f"amqp://guest:guest@127.0.0.1:{port}/%2F"}
    told = kersey("broker", "setup", **away)
    assert told.returncode == 1
    assert "Traceback" not in told.stderr

    api = rabbit["KERSEY_AMQP_MANAGEMENT_URL"].replace("guest:guest", "guest:wrong")
    told = kersey("broker", "setup", **{**rabbit, "KERSEY_AMQP_MANAGEMENT_URL": api})
    assert "management API answers 401" in told.stderr
    api = f"http://127.0.0.1:{port}"
    told = kersey("broker", "setup", **{**rabbit, "KERSEY_AMQP_MANAGEMENT_URL": api})
    assert "management API cannot be reached" in told.stderr


def test_dead_letters_of_rabbitmq_are_listed_shown_and_replayed(rabbit):
    import pika

    kersey("broker", "setup", **rabbit)
    connection = pika.BlockingConnection(pika.URLParameters(rabbit["KERSEY_AMQP_ADMIN_URL"]))
    channel = connection.channel()
    channel.confirm_delivery()
    channel.basic_publish(
        "kersey.dead-letters", "kersey.notifications.cases", b'{"not": "an event"}'
    )
    connection.close()

    listed = kersey("dead-letters", "list", **rabbit)
    assert listed.returncode == 0, listed.stderr
    consumer, letter = listed.stdout.split()[:2]
    assert consumer == "notifications.cases"

    shown = kersey("dead-letters", "show", consumer, letter, **rabbit)
    assert '"not": "an event"' in shown.stdout
    unknown = kersey("dead-letters", "show", consumer, "nothing", **rabbit)
    assert "has no dead letter nothing" in unknown.stderr
    assert "or say --all" in kersey("dead-letters", "replay", consumer, **rabbit).stderr

    replayed = kersey("dead-letters", "replay", consumer, "--all", **rabbit)
    assert replayed.stdout == "1 given back to notifications.cases\n", replayed.stderr
    assert kersey("dead-letters", "list", **rabbit).stdout == "no dead letters\n"
