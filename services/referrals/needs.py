"""Which needs there are: what a case may wait for."""

from sqlmodel import Session, col, select

from services.referrals.tables import ListedService

OURS = frozenset(
    "alcohol-and-drugs anxiety bereavement body-image caring digital-exclusion food housing"
    " inactivity isolation-language learning loneliness long-term-condition low-mood memory money"
    " parenting purpose safety transport work".split()
)
"""The needs of Kersey's own taxonomy, which the directory matches; a test holds both together."""


def is_known(session: Session, need: str) -> bool:
    """Whether a need is one of the directory's.

    A directory that is newer, or another's, may have more of them than this list: each is known as
    soon as it lists a service that meets it.
    """
    if need in OURS:
        return True
    meeting = {"kersey": {"terms": {"need": [need]}}}
    listed = select(ListedService.id).where(col(ListedService.listing).contains(meeting)).limit(1)
    return session.exec(listed).first() is not None
