"""Which addresses may be asked, and where they may not lead: into our own network."""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from typing import Self
from urllib.parse import SplitResult, urlsplit

_CARRYING_IPV4 = tuple(
    ipaddress.IPv6Network(each) for each in ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")
)
"""Their last four bytes are an IPv4 address, to which a gateway may lead (RFC 6052, RFC 4291,
RFC 7915)."""
_SPECIAL = tuple(
    ipaddress.ip_network(each)
    for each in ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20", "5f00::/16")
)
"""Of IANA's special-purpose registries, what Python's own list takes for public."""
_TO_NOBODY = tuple(
    ipaddress.ip_network(each)
    for each in (
        # clouds tell a machine its secrets there, beside the link-local addresses
        "168.63.129.16/32",  # Azure's host, in the midst of public addresses
        "100.100.100.200/32",  # Alibaba Cloud
        "192.0.0.192/32",  # Oracle Cloud
        "fd00:ec2::/32",  # AWS
        "fd20:ce::254/128",  # Google Cloud
        "fd00:42::42/128",  # Scaleway
        # nobody can tell where these lead
        "64:ff9b:1::/48",  # whatever an operator's own gateway makes of it (RFC 8215)
        "2001::/32",  # Teredo: a server and a client, both written in it (RFC 4380)
    )
)
"""What may not be asked even where private addresses may."""
_PORTS = {"https": 443, "http": 80}


class StrangerFault(Exception):
    """Why an exchange with a stranger came to nothing.

    Args:
        reason: as a code.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AddressRefused(StrangerFault):
    """An address to which nothing is sent and from which nothing is fetched."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection leads, and whether it may lead into our own network: a kept connection is
    not checked again."""

    scheme: str
    host: str
    port: int
    allow_private: bool


@dataclass(frozen=True, slots=True)
class Address:
    """An address that may be asked.

    Attributes:
        origin: whom a connection is made to.
        named: the host as the address names it, for the `Host` header.
        target: what is asked for there.
    """

    origin: Origin
    named: str
    target: str

    @classmethod
    def of(cls, url: str, *, allow_private: bool) -> Self:
        """Read an address. The name is not resolved: where it leads is checked at each connection.

        Args:
            url: the address.
            allow_private: see `GuardedHttp`.

        Raises:
            AddressRefused: with `address-malformed`, `address-not-https` or `address-private`.
        """
        try:
            parts = urlsplit(url)
            known_port = parts.port is None or parts.port > 0
            host = parts.hostname or ""
            host.encode("idna")  # or resolving it would break on its labels
        except ValueError:
            raise AddressRefused("address-malformed") from None
        if not (url.isascii() and url.isprintable() and host and " " not in host and known_port):
            raise AddressRefused("address-malformed")
        if parts.scheme not in (("https", "http") if allow_private else ("https",)):
            raise AddressRefused("address-not-https")
        if parts.username is not None or parts.fragment:
            raise AddressRefused("address-malformed")
        if _written_refused(parts, allow_private=allow_private):
            raise AddressRefused("address-private")
        origin = Origin(parts.scheme, host, parts.port or _PORTS[parts.scheme], allow_private)
        query = f"?{parts.query}" if parts.query else ""
        return cls(origin, parts.netloc, f"{parts.path or '/'}{query}")


known = lru_cache(1000)(Address.of)
"""`Address.of`, remembered: the same few hundred addresses are asked again and again."""


def _written_refused(parts: SplitResult, *, allow_private: bool) -> bool:
    """Whether the address is written as a number to which nobody is led."""
    try:
        return leads_astray(parts.hostname or "", allow_private=allow_private)
    except ValueError:
        return parts.hostname == "localhost" and not allow_private


def leads_astray(address: str, *, allow_private: bool) -> bool:
    """Whether nothing may be sent to an IP address.

    Args:
        address: as numbers.
        allow_private: see `GuardedHttp`.

    Raises:
        ValueError: it is no IP address.
    """
    ip = _led_to(address)
    never = any(ip.version == each.version and ip in each for each in _TO_NOBODY)
    return never or ip.is_link_local or not (allow_private or _is_public(ip))


def _led_to(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address, or the IPv4 address that it carries and a gateway or the machine leads to."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if any(ip in network for network in _CARRYING_IPV4):
        return ipaddress.IPv4Address(ip.packed[-4:])
    return ip.ipv4_mapped or ip.sixtofour or ip


def _is_public(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    special = any(ip.version == each.version and ip in each for each in _SPECIAL)
    site_local = isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local
    return ip.is_global and not (ip.is_multicast or special or site_local)
