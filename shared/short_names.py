"""What a request or a case is called where nobody is named: on the phone, in a mail, on a list."""

from uuid import UUID


def reference(about: UUID) -> str:
    """A short name for a request or a case that tells nothing about it, for speaking on the phone.

    Args:
        about: the provider's Task; the case where a message is about no one request.
    """
    digits = about.hex[:8].upper()
    return f"{digits[:4]} {digits[4:]}"
