"""Which broker and browser the tests take, and what they say when there is none."""

import pytest

from tests.infrastructure import absent, chromium, rabbitmq
from tests.infrastructure.absent import Absent


def refuses(reason):
    def way(*_):
        raise Absent(reason)

    return way


@pytest.mark.parametrize("finder", [rabbitmq, chromium])
def test_the_first_way_that_works_is_taken(monkeypatch, finder):
    asked = []
    found = object()

    def way(name, answer):
        def ask():
            asked.append(name)
            if answer is None:
                raise Absent(name)
            return answer

        return ask

    ways = (way("first", None), way("second", found), way("third", object()))
    monkeypatch.setattr(finder, "WAYS", ways)
    assert finder.find({}) is found
    assert asked == ["first", "second"]


@pytest.mark.parametrize("finder", [rabbitmq, chromium])
def test_every_reason_is_told_when_nothing_is_to_be_had(monkeypatch, finder):
    monkeypatch.setattr(finder, "WAYS", (refuses("not here"), refuses("nor there")))
    with pytest.raises(Absent, match="not to be had: not here; nor there"):
        finder.find({})


def test_a_named_broker_that_does_not_answer_is_not_replaced_by_another(monkeypatch, port):
    monkeypatch.setattr(rabbitmq, "WAYS", (lambda: pytest.fail("looked further"),))
    with pytest.raises(Absent, match="KERSEY_TEST_AMQP_URL does not answer"):
        rabbitmq.find({"KERSEY_TEST_AMQP_URL": f"amqp://guest:guest@127.0.0.1:{port}/"})


def test_a_named_browser_that_does_not_start_is_not_replaced_by_another(monkeypatch):
    monkeypatch.setattr(chromium, "WAYS", (lambda: pytest.fail("looked further"),))
    with pytest.raises(Absent, match="does not start"):
        chromium.find({"KERSEY_TEST_CHROMIUM": "/nowhere/chromium"})


def test_brokers_are_looked_for_from_the_least_trouble_to_the_most():
    assert [way.__name__ for way in rabbitmq.WAYS] == ["local", "installed", "docker", "apt"]


def test_browsers_are_looked_for_from_the_least_trouble_to_the_most():
    assert [way.__name__ for way in chromium.WAYS] == ["installed", "fetched_by_playwright", "apt"]


def test_what_is_absent_skips_with_the_reason(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no broker here"):
        absent.give_up(Absent("no broker here"))


def test_what_is_absent_fails_in_ci(monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no broker here"):
        absent.give_up(Absent("no broker here"))
