"""What is for trying only keeps away from where people are cared for."""

from deploy.refusal import Refusal
from deploy.settings import OperatorSettings


class NotInProduction(Refusal):
    """The command is for trying; the message says what to do instead."""


def refuse_production(settings: OperatorSettings, command: str) -> None:
    """Refuse a command whose sign-ins everybody knows.

    Raises:
        NotInProduction: KERSEY_ENVIRONMENT says production.
    """
    if settings.environment == "production":
        message = (
            f"{command} is for trying: its sign-ins are public knowledge, and "
            "KERSEY_ENVIRONMENT=production is set. Run each service by itself: kersey serve and "
            "kersey worker"
        )
        raise NotInProduction(message)
