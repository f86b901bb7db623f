"""What a language is called: a record has its code (BCP 47), and people read its name."""

from babel import Locale, UnknownLocaleError

from shared.languages import language


def language_name(code: str) -> str:
    """The name of a language in the reader's; what is no code stays as it was said.

    Args:
        code: such as `ur`, `pa-PK` or `Punjabi`; empty for none.
    """
    try:
        found = (
            Locale.parse(code.replace("-", "_")).get_display_name(language().locale)
            if code
            else None
        )
    except (UnknownLocaleError, ValueError):
        found = None
    return found or code
