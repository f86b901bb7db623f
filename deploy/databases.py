"""Creates a database, a role and the required extensions for each service on a PostgreSQL server.

A service owns its database and can open no other: its role is neither superuser nor allowed to make
roles, and CONNECT is revoked from PUBLIC. The same statements serve the embedded server and a
production one, so what is tried at home holds in production.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from deploy.refusal import Refusal

EXTENSIONS = ("pg_trgm", "unaccent", "btree_gin")
"""Required in every service's database: names are found in spite of accents and typing mistakes,
and one GIN index holds terms beside plain columns."""

OLDEST_MAJOR = 15
"""The oldest PostgreSQL that the statements are written for."""


class DatabaseSetupError(Refusal):
    """The server cannot be set up; the message says what to change."""


@dataclass(frozen=True)
class ServiceDatabase:
    """One service's database.

    Parameters:
        name: of the database and, alike, of the role that owns it, e.g. `kersey_referrals`.
        password: of the role; stored on the server as a SCRAM verifier.
    """

    name: str
    password: str


def in_database(url: str, name: str) -> str:
    """The same server and role, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{quote(name, safe='')}"))


def as_role(url: str, database: ServiceDatabase) -> str:
    """The URL under which the service opens its own database on the server of `url`."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    user = f"{quote(database.name, safe='')}:{quote(database.password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{user}@{host}", path=f"/{database.name}"))


def create_databases(admin_url: str, databases: Iterable[ServiceDatabase]) -> Mapping[str, str]:
    """Create what is missing and set each role's password; what exists is kept.

    Parameters:
        admin_url: of a role that may create roles and databases.

    Returns: each database's name and the URL under which its role opens it.

    Raises:
        DatabaseSetupError: the server is too old, or an extension is not available on it.
    """
    with psycopg.connect(admin_url, autocommit=True) as admin:
        check_version(admin)
        urls = {}
        for database in databases:
            _ensure_role(admin, database)
            if not _exists(admin, "pg_database", "datname", database.name):
                new_database(admin, database.name)
            _hand_over(admin, database.name)
            create_extensions(in_database(admin_url, database.name), EXTENSIONS)
            urls[database.name] = as_role(admin_url, database)
        return urls


def check_version(admin: psycopg.Connection[tuple[object, ...]]) -> None:
    """Refuse a server that is too old.

    Raises:
        DatabaseSetupError: with both versions.
    """
    major = admin.info.server_version // 10_000
    if major < OLDEST_MAJOR:
        message = f"the server runs PostgreSQL {major}; Kersey needs {OLDEST_MAJOR} or newer"
        raise DatabaseSetupError(message)


def new_database(admin: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    """Create an empty UTF-8 database that sorts by code point everywhere alike (C.UTF-8).

    From 17 on PostgreSQL brings that locale itself; before, the operating system does.
    """
    builtin = admin.info.server_version >= 170_000
    locale = (
        "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
        if builtin
        else "LOCALE_PROVIDER libc LOCALE 'C.UTF-8'"
    )
    admin.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' ").format(
            sql.Identifier(name)
        )
        + sql.SQL(locale)
    )


def create_extensions(url: str, extensions: Iterable[str]) -> None:
    """Create the extensions in one database, as its administrator.

    Raises:
        DatabaseSetupError: the server does not have one; it names the package that does.
    """
    with psycopg.connect(url, autocommit=True) as admin:
        for extension in extensions:
            try:
                admin.execute(
                    sql.SQL("CREATE EXTENSION IF NOT EXISTS {} SCHEMA public").format(
                        sql.Identifier(extension)
                    )
                )
            except (psycopg.errors.UndefinedFile, psycopg.errors.FeatureNotSupported) as error:
                message = (
                    f"the server does not offer the extension {extension}: install PostgreSQL's"
                    " contrib modules (Debian: postgresql-contrib) or allow it there"
                )
                raise DatabaseSetupError(message) from error


def _ensure_role(admin: psycopg.Connection[tuple[object, ...]], database: ServiceDatabase) -> None:
    """Create or update the role. The password travels as a SCRAM verifier, never in clear."""
    verifier = admin.pgconn.encrypt_password(
        database.password.encode(), database.name.encode(), b"scram-sha-256"
    ).decode()
    verb = "ALTER" if _exists(admin, "pg_roles", "rolname", database.name) else "CREATE"
    admin.execute(
        sql.SQL(verb + " ROLE {} LOGIN NOCREATEDB NOCREATEROLE INHERIT PASSWORD {}").format(
            sql.Identifier(database.name), sql.Literal(verifier)
        )
    )


def _hand_over(admin: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    """Make the role the owner; nobody else may connect."""
    identifier = sql.Identifier(name)
    if admin.info.parameter_status("is_superuser") != "on":
        # On a managed server the administrator is no superuser and may only hand over to a role
        # that it is a member of.
        admin.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(identifier))
    admin.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(identifier, identifier))
    admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(identifier))


def _exists(
    admin: psycopg.Connection[tuple[object, ...]], catalogue: str, column: str, name: str
) -> bool:
    query = sql.SQL("SELECT 1 FROM {} WHERE {} = %s").format(
        sql.Identifier(catalogue), sql.Identifier(column)
    )
    return admin.execute(query, (name,)).fetchone() is not None
