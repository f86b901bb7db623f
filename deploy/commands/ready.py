"""`kersey ready`: whether a process can do its work; for health checks and for people."""

from typing import Annotated

import typer


def ready(
    url: Annotated[str, typer.Argument(help="Where it answers.", envvar="KERSEY_PUBLIC_URL")],
) -> None:
    """Ask a running process whether it can do its work. If not, say why and end with 1."""
    import httpx

    from deploy.refusal import Refusal

    try:
        answer = httpx.get(f"{url}/health/ready", timeout=10)
    except httpx.HTTPError as error:
        message = (
            f"nothing answers on {url} ({type(error).__name__}): is it running? `make run` starts"
            " the all-in-one and prints its address; `kersey ready URL` asks at another"
        )
        raise Refusal(message) from error
    if not answer.is_success:
        message = f"not ready: {answer.text}"
        raise Refusal(message)
    typer.echo("ready")
