"""What holds for every channel: these run on each one that is declared."""

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.channels.declaring import Format
from services.notifications.channels.phone import PHONE
from services.notifications.channels.registry import BY_A_PERSON, BY_MEANS, CHANNELS, asking, made
from services.notifications.channels.webhook import new_secret
from services.notifications.domain import NOBODY, Kind
from services.notifications.words import WORDS
from services.providers.domain import Answering
from shared.delivery import Permanent, Receipt, Temporary
from tests.notifications.channel_sinks import SINKS, Answer
from tests.notifications.conftest import HUB, PROVIDER
from tests.notifications.test_channels import letter

OF_PROGRAMS = [each for each in CHANNELS if each.make is not None]
every = pytest.mark.parametrize("declared", CHANNELS, ids=lambda each: each.means)
every_program = pytest.mark.parametrize("declared", OF_PROGRAMS, ids=lambda each: each.means)

JUNK = [
    "",
    " ",
    "\x00",
    "a\r\nBcc: all@example.org",
    "x" * 501,
    "https://",
    "@",
    "javascript:1",
]


def sent(declared, address, **more):
    code = {"code": "123456"} if declared.takes_codes else {}
    secret = {"secret": new_secret()} if declared.system else {}
    url = {} if declared.system else {"url": "https://kersey.example.org/answer/token"}
    return letter(address=address, **(code | secret | url | more))


@pytest.fixture
def channel_of(settings, engine):
    """The channel of a declaration, as it finds a sink."""

    def channel(declared, sink):
        return made(settings.model_copy(update=dict(sink.settings)), engine)[declared.means]

    return channel


def test_no_two_have_a_name_in_common_and_none_that_of_nobody():
    names = [each.means for each in CHANNELS]
    assert len(names) == len(set(names))
    assert NOBODY not in names


def test_every_word_of_the_directory_for_being_asked_is_carried_out():
    assert set(asking(BY_MEANS)) == {each.value for each in Answering}


@every
def test_it_says_what_it_takes(declared):
    assert declared.means.isascii()
    assert len(declared.means) <= 20
    assert declared.address
    assert (declared.format is Format.SPOKEN) is (declared.means in BY_A_PERSON)
    assert not (declared.takes_codes and declared.system), "a code is for a person"


@every
@given(st.dictionaries(st.sampled_from(["email", "phone"]), st.one_of(st.none(), st.text())))
def test_whatever_a_listing_says_it_finds_an_address_or_none(declared, listing):
    assert isinstance(declared.listed(listing, {}), str)
    assert isinstance(declared.listed({}, listing), str)


@every
def test_a_contact_of_it_is_set_over_http(client, house, declared):
    who = house.verifier.add(
        "c", roles="coordinator", scopes="notifications.write", organisation=HUB
    )
    body = {"means": declared.means, "address": declared.example}
    answer = client.put(f"/notifications/contacts/{PROVIDER}/{uuid4()}", json=body, headers=who)
    assert answer.status_code == 200, answer.text
    assert answer.json()["means"] == declared.means
    house.ask()
    assert house.rows("channel") == [declared.means]


@every_program
def test_each_of_programs_has_a_receiver_to_be_tried_on(declared):
    assert declared.means in SINKS


@every_program
def test_a_schedule_ends_within_days_and_says_how_often_to_send_again(declared):
    total = sum(declared.schedule.delays, timedelta())
    assert timedelta(hours=1) <= total <= timedelta(days=4)
    assert declared.schedule.resends >= 1


@every_program
def test_its_example_is_taken_and_junk_is_refused_in_words(declared, engine, channel_of):
    with SINKS[declared.means](engine) as sink:
        channel = channel_of(declared, sink)
        assert channel.fault(declared.example) is None
        assert channel.fault(sink.address) is None
        for address in JUNK:
            fault = channel.fault(address)
            assert fault is not None, address
            assert declared.faults[fault]
            with pytest.raises(Permanent):
                channel.send(sent(declared, address))
        channel.rest()
        assert sink.ids() == []


def test_people_can_ring_no_address_without_a_number():
    for usable in (PHONE.example, "01422 496 0123 (Ann, mornings)", "+44 (0)1422 496012 ext. 4"):
        assert finds_in_number(usable) is None
    for address in [*JUNK, "ring me", "12345"]:
        assert PHONE.faults[finds_in_number(address)], address


def finds_in_number(address):
    assert PHONE.fault is not None
    return PHONE.fault(address)


@every_program
def test_what_is_taken_has_one_id_at_every_attempt(declared, engine, channel_of):
    with SINKS[declared.means](engine) as sink:
        channel = channel_of(declared, sink)
        message, other = sent(declared, sink.address), sent(declared, sink.address)
        for each in (message, message, other):
            assert isinstance(channel.send(each), Receipt)
        channel.rest()
        first, second, third = sink.ids()
        assert first == second
        assert str(message.delivery.id) in first
        assert third != first


@every_program
@pytest.mark.parametrize(("answer", "kind"), [(Answer.LATER, Temporary), (Answer.NEVER, Permanent)])
def test_what_may_pass_and_what_will_not_are_told_apart(declared, engine, channel_of, answer, kind):
    with SINKS[declared.means](engine) as sink:
        channel = channel_of(declared, sink)
        sink.answers(answer)
        with pytest.raises(kind) as met:
            channel.send(sent(declared, sink.address))
        assert len(met.value.reason) <= 60
        assert sink.address not in met.value.reason
        sink.answers(Answer.TAKE)
        assert isinstance(channel.send(sent(declared, sink.address)), Receipt)
        channel.rest()


@every_program
def test_a_receiver_that_is_away_may_come_back(declared, engine, channel_of):
    with SINKS[declared.means](engine) as sink:
        channel = channel_of(declared, sink)
    with pytest.raises(Temporary):
        channel.send(sent(declared, sink.address))


@every_program
def test_every_kind_can_be_sent_and_a_code_goes_only_where_codes_go(declared, engine, channel_of):
    with SINKS[declared.means](engine) as sink:
        channel = channel_of(declared, sink)
        for kind in Kind:
            channel.send(sent(declared, sink.address, kind=kind))
        channel.rest()
        told = dict(zip(Kind, sink.texts(), strict=True))
    with_code = {kind for kind, words in told.items() if "123456" in words}
    assert with_code == ({Kind.IDENTITY_CODE} if declared.takes_codes else set())
    assert not [kind for kind in Kind if "{" in WORDS[kind].subject]


@every_program
def test_it_is_sent_by_a_worker(house, engine, declared):
    with SINKS[declared.means](engine) as sink:
        house.settings = house.settings.model_copy(update=dict(sink.settings))
        key = house.contact(means=declared.means, address=sink.address)
        if declared.system:
            sealed = house.keys.seal(new_secret())
            house.execute("update contact set sealed_secret = :s where id = :i", s=sealed, i=key)
        house.ask()
        house.send()
        assert len(sink.ids()) == 1
    assert house.rows("channel", "state") == [(declared.means, "delivered")]
