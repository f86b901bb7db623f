"""A mail server that refuses the recipient: the address is written to no more, its hub hears."""

import pytest

from services.notifications.app import addresses_of
from services.notifications.channels.email import EMAIL
from services.notifications.channels.registry import made as channels
from services.notifications.reach.refused import RefusedAddresses
from services.notifications.sending import Sender
from shared.delivery import NoSuchReceiver, Permanent
from shared.mail import SmtpPost
from shared.worker import Wake
from tests.notifications.conftest import House
from tests.notifications.test_channels import MailServer, mail_server


@pytest.fixture
def refusing(house: House):
    """A worker that posts to a real mail server, which answers to RCPT as it is told."""
    server = MailServer()
    with mail_server(server) as port:
        settings = house.settings.model_copy(
            update={"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none"}
        )
        refused = RefusedAddresses(addresses_of(settings, Wake()))
        sender = Sender(house.engine, channels(settings, house.engine), house.keys, settings)
        worker = house.worker(
            send=sender, rest=sender.rest, judged=refused.and_then(house.endpoints.judged)
        )

        def send(answer: str) -> None:
            server.answers["rcpt"] = answer
            worker.deliver_due()

        yield send


def unusable(house: House) -> int:
    found: int = house.scalar("select count(*) from unusable_address where since is not null")
    return found


@pytest.mark.parametrize("answer", ["550 no such box", "550 5.1.1 unknown", "553 5.1.3 odd"])
def test_an_address_that_there_is_not_is_written_to_no_more(house: House, refusing, answer: str):
    house.contact()
    house.contact(party="calder", role="coordinator", address="hub@calder.example.org")
    house.ask()
    refusing(answer)
    assert house.rows("state", "last_error", kind="request") == [("failed", f"smtp-{answer[:3]}")]
    assert unusable(house) == 1
    house.send_about_contacts()
    (mail,) = house.mails()
    assert mail["To"] == "hub@calder.example.org"
    house.ask()
    assert house.rows("channel")[-1] == "none"


@pytest.mark.parametrize("answer", ["550 5.7.1 not from you", "552 5.2.2 full", "451 later"])
def test_what_may_be_about_one_mail_leaves_the_address(house: House, refusing, answer: str):
    house.contact()
    house.ask()
    refusing(answer)
    assert unusable(house) == 0


def test_a_policy_that_refuses_again_and_again_is_about_the_address(house: House, refusing):
    house.contact()
    for _ in range(house.settings.bounce_limit):
        house.ask()
        refusing("550 5.7.1 not from you")
    assert unusable(house) == 1


@pytest.mark.parametrize(
    ("answer", "gone"),
    [("550 no", True), ("550 5.1.1 no", True), ("550 5.2.1 off", True), ("550 5.7.1 no", False)],
)
def test_the_post_says_whether_the_address_is_gone(answer: str, gone: bool):
    server = MailServer(rcpt=answer)
    with mail_server(server) as port:
        post = SmtpPost("127.0.0.1", port, security="none")
        with pytest.raises(NoSuchReceiver, match="smtp-550") as refused:
            post.post("kersey@hub.example.org", EMAIL.example, b"Subject: x\r\n\r\nx\r\n")
        post.rest()
    assert refused.value.gone is gone
    assert isinstance(refused.value, Permanent)
