"""What notifications asks of referrals for a message to a person, just before it is sent.

The token is this service's own, with a scope for this alone (decision 0050).
"""

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from services.notifications.referrals import refusal_of
from shared.http import ServiceClient
from shared.problems import Problem

SCOPE = "referrals.person-messages"
"""What this service's token must allow at referrals."""


class _Told(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Way(_Told):
    """A safe channel, in the words of the person's record, and where it leads."""

    channel: str
    address: str


class Named(_Told):
    """A service or a team."""

    name: str = ""
    phone: str = ""


class Told(_Told):
    """What referrals says of a place and its person at this moment.

    Attributes:
        stops: what stands that stops every message.
        ended: whether the place or the case has ended.
        way: the safe way to the person; None where there is none for a program.
        instead: what is to be done then.
        given: the first name.
        language: BCP 47.
        easy_read: whether they read Easy Read.
        service: the service.
        places: where it is, as its listing says.
        company: who goes along to the first visit, as a code; empty for nobody known.
        meet: when and where they meet the person.
        link_worker: the team.
        sharing: names of what the provider may know.
        may: what the person may say beside asking to be called.
        reference: the number on the receipt of whoever referred.
    """

    stops: tuple[str, ...] = ()
    ended: bool
    way: Way | None = None
    instead: str | None = None
    given: str = ""
    language: str = "en"
    easy_read: bool = False
    service: Named = Named()
    places: tuple[str, ...] = ()
    company: str = ""
    meet: str = ""
    link_worker: Named | None = None
    sharing: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    reference: str = ""


class Persons:
    """The person of one Task at referrals.

    Args:
        client: calls referrals with `SCOPE`.
    """

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    def needed(self, task: UUID, by: Iterable[str] = ()) -> Told:
        """What a message about a place may say now, and the safe way to its person.

        Args:
            task: the Task.
            by: channels that can be used; without any, no address is told.

        Raises:
            Problem: there is no such Task any more (404); referrals cannot be asked (503).
        """
        return self._told(_at(task), {"by": list(by)})

    def delay(self, task: UUID, to: str, by: Iterable[str]) -> Told:
        """What may be said to whoever waits longer than they should, and the way to them.

        Args:
            task: the Task of the link-worker service.
            to: `person`, or `referrer`.
            by: channels that can be used.

        Raises:
            Problem: as `needed`.
        """
        return self._told(f"{_at(task)}/delay", {"to": [to], "by": list(by)})

    def _told(self, at: str, asked: Mapping[str, list[str]]) -> Told:
        answer = self._client.request("GET", at, params=asked)
        if not answer.is_success:
            raise refusal_of(answer)
        try:
            return Told.model_validate(answer.json())
        except (ValidationError, ValueError) as error:
            raise Problem(503, "A part of Kersey answers in another way", "") from error

    def hears(self, task: UUID, by: Iterable[str]) -> str:
        """How the person hears what is new about a place: by a `message`, from the `team`, or from
        `nobody` yet; not how they are reached, nor why.

        Args:
            task: the Task.
            by: channels that can be used.

        Raises:
            Problem: there is no such Task any more (404); referrals cannot be asked (503).
        """
        answer = self._client.request("GET", f"{_at(task)}/hears", params={"by": list(by)})
        if not answer.is_success:
            raise refusal_of(answer)
        try:
            return str(answer.json()["hears"])
        except (KeyError, TypeError, ValueError) as error:
            raise Problem(503, "A part of Kersey answers in another way", "") from error

    def say(self, task: UUID, said: str, day: date | None = None) -> None:
        """Pass on what the person says.

        Args:
            task: about which place.
            said: what they say.
            day: on which they do not come, where that is what they say.

        Raises:
            Problem: it cannot be done any more (409); there is no such Task (404); referrals
                cannot be asked (503).
        """
        on = {"day": day.isoformat()} if day else {}
        answer = self._client.request("POST", _at(task), json={"said": said} | on)
        if not answer.is_success:
            raise refusal_of(answer)


def _at(task: UUID) -> str:
    return f"/referrals/requests/{task}/person"
