"""Writes the catalogue for people: `python -m shared.messaging.events > docs/events.md`."""

import sys

from shared.messaging.events.catalogue import catalogue_markdown

PREFACE = """# Events

CloudEvents 1.0 on the topic exchange `kersey.events`; the routing key is the type. Case events
carry ids and codes only, never a name or a word that somebody wrote. Directory events carry the
whole public listing. Made from the code by `python -m shared.messaging.events`.

"""


def document() -> str:
    """The document as it stands in `docs/events.md`."""
    return PREFACE + catalogue_markdown()


if __name__ == "__main__":
    sys.stdout.write(document())
