"""Access tokens for the demo's clients."""

import httpx

from deploy.demo.clients import CLIENTS
from deploy.refusal import Refusal


class NoToken(Refusal):
    """The issuer gave none; the message says why."""


def access_token(url: str, name: str, scope: str | None = None) -> str:
    """A token for the demo client called `name`.

    Parameters:
        url: where Kersey answers.
        scope: what to ask for; all that the client may have, if none is given.

    Raises:
        NoToken: no such client, no Kersey there, or the issuer refuses.
    """
    client = CLIENTS.get(name)
    if client is None:
        message = f"there is no demo client {name!r}; there are: {', '.join(CLIENTS)}"
        raise NoToken(message)
    form = {"grant_type": "client_credentials", "scope": scope or " ".join(client.scopes)}
    try:
        answer = httpx.post(
            f"{url}/identity/token", data=form, auth=(client.client_id, client.secret), timeout=20
        )
    except httpx.HTTPError as error:
        message = (
            f"nothing answers on {url} ({type(error).__name__}): is `make run` running? "
            "With its data elsewhere, say KERSEY_DATA_DIR=... here too, or name its address: --url"
        )
        raise NoToken(message) from error
    if not answer.is_success:
        message = f"the issuer answers {answer.status_code}: {_reason(answer)}"
        raise NoToken(message)
    given: str = answer.json()["access_token"]
    return given


def _reason(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return answer.reason_phrase
    return str(body.get("error_description") or body.get("detail") or body.get("error"))
