"""What the `kersey` command reads from the environment beside the services' own settings."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.logging import Level


class OperatorSettings(BaseSettings):
    """For commands that set up more than one service; a service never sees these."""

    model_config = SettingsConfigDict(
        env_prefix="KERSEY_", env_nested_delimiter="__", extra="ignore", frozen=True
    )

    environment: Literal["development", "test", "production"] = Field(
        default="development", description="`kersey run` and the demo refuse production."
    )
    data_dir: Path = Field(
        default=Path("data"), description="Where `kersey run` keeps its database and mails."
    )
    log_level: Level = Field(
        default="WARNING",
        description="Least severity that `kersey run` logs: a person reads along.",
    )
    public_url: str = Field(
        default="http://127.0.0.1:8000", description="Where the running Kersey answers."
    )
    admin_database_url: SecretStr | None = Field(
        default=None,
        description="A PostgreSQL role that may create roles and databases, for `kersey databases`"
        " and `kersey migrate`.",
    )
    database_password: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="Password of each service's role: KERSEY_DATABASE_PASSWORD__REFERRALS=...",
    )
    service_secret: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="Secret of each service that asks others: KERSEY_SERVICE_SECRET__NAME=...",
    )
    link_key: SecretStr | None = Field(
        default=None,
        description="That of notifications, for `kersey webhooks rotate`; a data folder has its"
        " own.",
    )
    erasure_list: Path | None = Field(
        default=None,
        description="A file in which `kersey subject erase` notes each erasure; no backup of it.",
    )
    amqp_url: SecretStr | None = Field(
        default=None, description="The RabbitMQ user that the services use."
    )
    amqp_admin_url: SecretStr | None = Field(
        default=None, description="A RabbitMQ user that may declare, for `kersey broker`."
    )
    amqp_management_url: SecretStr | None = Field(
        default=None,
        description="RabbitMQ's management API with credentials, for the length limits.",
    )
    amqp_queue_length: int = Field(
        default=1_000_000,
        ge=1_000,
        description="Messages that a queue takes; beyond, they stay in the outboxes.",
    )
