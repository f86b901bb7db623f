"""Back up, lose everything, restore, reconcile: the runbook's own commands and what comes of it."""

import mailbox
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from shutil import rmtree
from uuid import UUID

import pytest

from deploy.demo.link import LINK
from deploy.postgres_cluster import free_port
from tests.infrastructure.homes import new_home
from tests.infrastructure.rabbitmq_node import RabbitServer
from tests.recovery.house import (
    RUNBOOK,
    Asked,
    Operator,
    blocks,
    chapters,
    furnish,
    lose,
    operator,
    running,
)
from tests.referrals.house import Json, a_bundle, a_person
from tests.referrals.planting import alone_in
from tests.referrals.prying import marked_bundle
from tests.subject.living import Living, eventually, refer, whole_story

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WORDS = [f"zw{n}word" for n in range(8)]
RECONCILE = "kersey reconcile --grace 0"


@dataclass
class Restored:
    """A Kersey after the loss, and what was before it.

    Attributes:
        kersey: as it runs now.
        operator: whoever runs commands beside it.
        waiting: a Task that its provider was asked by mail and has not answered, and the token of
            the link in that mail.
        late: a Task that was asked for after the first database was dumped.
        markers: words of the person who was erased after the backup.
        first: what `reconcile` said before anything was repeated.
    """

    kersey: Living
    operator: Operator
    waiting: tuple[str, str]
    late: str
    markers: set[str]
    first: str


@pytest.fixture(scope="module")
def restored(rabbitmq_server: RabbitServer) -> Iterator[Restored]:
    """Everything up to the services' first minutes after the restore."""
    home = new_home("recovery")
    backup, port = home / "backup", free_port()
    backup.mkdir()
    before, after = rabbitmq_server.new_vhost(), rabbitmq_server.new_vhost()
    path, url = home / "data", f"http://127.0.0.1:{port}"
    try:
        with running(path, before, port) as kersey:
            on_duty = operator(path, before, backup, url)
            asked = furnish(kersey)
            eventually(lambda: knows(kersey, asked), "the listings are known")
            marked = marked_bundle()
            bundle = a_bundle(person=a_person(2))
            erased = whole_story(kersey, marked.bundle, WORDS, asked.by_mail)
            refer(kersey, bundle)
            agree(kersey, on_duty)
            kersey.pass_over_mails()
            waiting = request(kersey, 3, asked.by_mail)
            token = kersey.mailed(LINK).rpartition("/")[2]
            agree(kersey, on_duty)

            (dump,) = [each for each in blocks("Backing up") if "pg_dump" in each]
            on_duty.run(dump)
            late = request(kersey, 4, asked.by_phone)
            agree(kersey, on_duty)
            on_duty.run(dump.replace("in notifications ", "in "))
            on_duty.kersey(
                f"kersey subject erase --by DPO --yes --wait 60 --person {erased.person}"
            )

        lose(before, on_duty.cluster)
        on_duty = operator(path, after, backup, url)
        on_duty.cluster.start()
        make, reapply, repeat, last = blocks("Restoring a backup")
        assert last.strip() == RECONCILE
        on_duty.run(make)
        on_duty.run(reapply)
        on_duty.cluster.stop()
        with running(path, after, port) as kersey:
            kersey.mailed(LINK)
            eventually(lambda: all_confirmed(on_duty), "the erasure is confirmed")
            said = on_duty.invoke(RECONCILE)
            assert said.exit_code == 1, said.output
            on_duty.run(repeat)
            agree(kersey, on_duty)
            marks = {*alone_in(marked, bundle), *WORDS}
            yield Restored(kersey, on_duty, (waiting, token), late, marks, said.output)
    finally:
        rmtree(home, ignore_errors=True)


def knows(kersey: Living, asked: Asked) -> bool:
    """Whether the listings have come to both who keep copies."""
    ((listed,),) = kersey.rows("referrals", "select count(*) from listed_service")
    ((seen,),) = kersey.rows("notifications", "select count(*) from listing_seen")
    return bool(listed == 2 and seen == 4)


def agree(kersey: Living, on_duty: Operator) -> None:
    """Wait until there is no drift, not even of this moment; fail with what there is."""
    waits = "select 1 from outbox where published_at is null"
    owners = ("providers", "referrals", "notifications")
    eventually(lambda: not any(kersey.rows(each, waits) for each in owners), "everything left")
    said = ""

    def no_drift() -> bool:
        nonlocal said
        done = on_duty.invoke(RECONCILE)
        said = done.output
        assert done.exit_code == 0 or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code == 0

    try:
        eventually(no_drift, "no drift")
    except AssertionError as late:
        raise AssertionError(said) from late


def all_confirmed(on_duty: Operator) -> bool:
    return "not yet" not in on_duty.kersey("kersey subject status")


def request(kersey: Living, number: int, service: UUID) -> str:
    """A person of their own, for whom a service is asked."""
    case, _ = refer(kersey, a_bundle(person=a_person(number)))
    at = f"/referrals/cases/{case}"
    kersey.call("link-worker", "POST", f"{at}/accept")
    kersey.call("link-worker", "POST", f"{at}/contacts", json={"reached": True, "how": "phone"})
    wish: Json = {
        "service": str(service),
        "needs": [{"code": "loneliness", "display": "Loneliness"}],
        "share": {"name": "Kath Feather"},
    }
    return str(kersey.call("link-worker", "POST", f"{at}/requests", json=wish)["task"])


def message_ids(kersey: Living) -> list[str]:
    """The Message-ID of each mail that was ever sent."""
    return [str(each["Message-ID"]) for each in mailbox.Maildir(kersey.folder / "mail")]


def test_what_the_dumps_and_the_queues_had_lost_is_told_again(
    restored: Restored, figures: Callable[[str], None]
) -> None:
    kersey, (waiting, token) = restored.kersey, restored.waiting
    assert "notifications.cases: an event of referrals was not acted on" in restored.first
    rows = kersey.rows(
        "notifications", "select channel, state from delivery where task = :t", t=restored.late
    )
    assert rows == [("phone", "queued")]

    opened = kersey.browse("", "POST", "/answer-links/exchange", {"token": token})
    kersey.browse(opened["session"], "POST", "/answer", {"decision": "accept"})

    state = "select business from case_task where id = :t"
    assert kersey.rows("referrals", state, t=waiting) == [("selected",)]
    agree(kersey, restored.operator)
    sent = message_ids(kersey)
    assert sorted(set(sent)) == sorted(sent), "no message was sent twice"
    ((cases,),) = kersey.rows("referrals", "select count(*) from referral_case")
    figures(f"restored: {cases} cases, {len(sent)} mails, none of them twice, no drift")


def test_whoever_was_erased_after_the_backup_is_found_nowhere(restored: Restored) -> None:
    assert restored.kersey.found(restored.markers) == set()


HARMS = (
    (
        "referrals",
        "update listed_service set listing = '{}'",
        "referrals.listings: a listing is not the directory's",
        "kersey republish providers --to referrals.listings",
    ),
    (
        "referrals",
        "update listed_provider set sequence = '000000000000099.000000', listing = '{}'",
        "referrals.listings: a listing is newer than the directory's",
        "kersey republish providers --to referrals.listings --restored",
    ),
    (
        "notifications",
        "delete from listing_seen",
        "notifications.directory: a listing is missing",
        "kersey republish providers --to notifications.directory",
    ),
    (
        "notifications",
        "update case_order set team = hub where placed <> ''",
        "notifications.cases: a case is another team's or hub's",
        "kersey republish referrals --to notifications.cases",
    ),
    (
        "providers",
        "delete from place_taken",
        "providers.places: a place is counted wrongly",
        "kersey republish referrals --to providers.places",
    ),
    (
        "referrals",
        "update case_task set delivery_state = 'failed' where kind = 'provider'",
        "referrals.arrivals: how the last message ended",
        "kersey republish notifications --to referrals.arrivals",
    ),
    (
        "identity",
        "update oauth_client set active = false where client_id = 'demo-analyst'",
        "referrals.clients: the end of a client is not known",
        "kersey republish identity --to referrals.clients",
    ),
    (
        "referrals",
        (
            "insert into known_client (client_id, organisation, active, roles, scopes, sequence)"
            " values ('demo-ehr-2', gen_random_uuid(), true, '[]', '[]', '000000000000000.000000')"
        ),
        "referrals.clients: a client is not identity's",
        "kersey republish identity --to referrals.clients",
    ),
)
"""In whose database, what goes wrong there, what is said of it, and the command that is named."""


def test_drift_is_told_with_the_command_that_mends_it_and_nobody_gets_a_message(
    restored: Restored,
) -> None:
    kersey, on_duty = restored.kersey, restored.operator
    count = "select count(*) from delivery"
    before = kersey.rows("notifications", count), len(message_ids(kersey))
    for service, harm, _, _ in HARMS:
        kersey.rows(service, harm)

    said = on_duty.invoke(RECONCILE)

    assert said.exit_code == 1
    for _, _, kind, mend in HARMS:
        lines = [each for each in said.output.splitlines() if f"{kind}\t" in each]
        assert lines
        assert all(f"`{mend}`" in each for each in lines)
        on_duty.kersey(mend)
    agree(kersey, on_duty)
    assert (kersey.rows("notifications", count), len(message_ids(kersey))) == before


TRIED_ABOVE = {"Backing up", "Restoring a backup"}


@pytest.mark.parametrize("chapter", [each for each in chapters() if each not in TRIED_ABOVE])
def test_the_commands_of_the_chapter_work(restored: Restored, chapter: str) -> None:
    for block in blocks(chapter):
        assert restored.operator.run(block), "it prints something"
    agree(restored.kersey, restored.operator)


def test_the_list_of_erasures_can_be_written_beside_the_backup(restored: Restored) -> None:
    (write,) = [each for each in blocks("Backing up") if "subject list" in each]
    assert "1 erasures" in restored.operator.run(write)


def test_the_nightly_line_finds_nothing(restored: Restored) -> None:
    (line,) = re.findall(
        r"^(?:\S+ ){5}(kersey reconcile.*)$", RUNBOOK.read_text("utf-8"), re.MULTILINE
    )
    assert restored.operator.kersey(line) == "no drift\n"
