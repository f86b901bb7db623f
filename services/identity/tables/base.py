"""What the issuer's tables have in common."""

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.database import NAMING

metadata = MetaData(naming_convention=NAMING)


class IdentityTable(SQLModel, registry=registry(metadata=metadata)):
    """Base of the issuer's tables: a registry of its own, apart from the other services'."""
