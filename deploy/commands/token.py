"""`kersey token`: an access token for a demo client, so that curl works at once."""

from typing import Annotated

import typer

EXAMPLE = """\b
TOKEN=$(.venv/bin/kersey token --as ehr)
curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8000/fhir/Task
"""
"""Below the options; the backspace keeps Click from joining the two lines."""


def token(
    client: Annotated[str, typer.Option("--as", help="ehr, link-worker, provider, ...")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="A scope, or several with spaces between; may be repeated. "
            "All of the client's if none."
        ),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Where Kersey answers.", envvar="KERSEY_PUBLIC_URL")
    ] = None,
) -> None:
    """Print an access token for a demo client. It is good for a few minutes."""
    from deploy.answering_url import answering_url
    from deploy.demo_tokens import access_token
    from deploy.settings import OperatorSettings

    scopes = " ".join(scope or ())
    typer.echo(access_token(url or answering_url(OperatorSettings()), client, scopes or None))
