"""The MESH mailbox of a deployment."""

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class MeshSettings(BaseModel):
    """Where MESH is, and who we are there; all of it or none.

    Raises:
        pydantic.ValidationError: something is missing or cannot be.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = Field(description="Of MESH: https://mesh-sync.spineservices.nhs.uk")
    mailbox: str = Field(pattern=r"^[A-Z0-9]{3,20}$", description="The mailbox that sends.")
    password: SecretStr = Field(description="Its password.")
    shared_key: SecretStr = Field(description="The environment's shared key.")
    ods_code: str = Field(pattern=r"^[A-Z0-9]{3,12}$", description="The organisation that sends.")
    certificate: Path | None = Field(default=None, description="Our client certificate, as PEM.")
    private_key: Path | None = Field(default=None, description="Its private key, as PEM.")
    authorities: Path | None = Field(
        default=None, description="Whom to trust there, as PEM; NHS England's by default."
    )
    workflow: str = Field(
        default="GPCONNECT_SEND_DOCUMENT",
        pattern=r"^[A-Z0-9_]{3,50}$",
        description="GPFED_CONSULT_REPORT where a practice's system knows Send Document 1 only.",
    )
    routing: Literal["registered-practice", "mailbox"] = Field(
        default="registered-practice",
        description="By the patient, as Send Document asks; or to the mailbox of the practice's"
        " ODS code.",
    )
    poll_seconds: float = Field(default=60.0, gt=0, description="How often the inbox is emptied.")
    timeout_seconds: float = Field(default=30.0, gt=0, description="For each exchange.")
    acknowledgement_days: int = Field(
        default=3, ge=1, description="Days after which a missing acknowledgement is a failure."
    )

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme not in {"https", "http"} or not parts.hostname or parts.username:
            raise ValueError("url must be https://host, without user or password")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("url must end with the host: its paths are MESH's own")
        if (self.certificate is None) != (self.private_key is None):
            raise ValueError("certificate and private_key belong together")
        return self

    def fault_in_production(self) -> str | None:
        """Why production must not start with this; None where it may."""
        if urlsplit(self.url).scheme != "https":
            return "url must be https in production"
        if self.certificate is None:
            return "certificate and private_key are needed in production: MESH asks for them"
        secrets = (self.password, self.shared_key)
        if any(each.get_secret_value().startswith("demo-") for each in secrets):
            return "a demo secret: set your own before production"
        return None
