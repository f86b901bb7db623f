"""An address that is this directory's own: imported, everything would be listed twice."""

from urllib.parse import urlsplit

OWN = "This is this directory's own address: what it says is listed here already."


def is_own(address: str, public_url: str) -> bool:
    """Whether an address is below `/directory` of where this Kersey is found.

    Args:
        address: as somebody typed it.
        public_url: where this Kersey says that it is.
    """
    try:
        asked, ours = urlsplit(address), urlsplit(public_url)
        same = (asked.hostname, _port(asked.scheme, asked.port)) == (
            ours.hostname,
            _port(ours.scheme, ours.port),
        )
    except ValueError:  # no address at all: whoever fetches it says so
        return False
    below = f"{ours.path.rstrip('/')}/directory"
    return same and f"{asked.path.rstrip('/')}/".startswith(f"{below}/")


def _port(scheme: str, port: int | None) -> int | None:
    return port or {"http": 80, "https": 443}.get(scheme)
