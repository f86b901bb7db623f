"""What messages to a person say, with an invented one as the example: for whoever reads along.

Nobody is told by it and nobody is in it. Those who live with what the messages are about find the
sentence that hurts before anybody gets it.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from services.notifications.person.words import templates
from services.notifications.previewing import messages
from shared.auth import requires
from shared.problems import Problem
from shared.tongues import ENGLISH

router = APIRouter(
    prefix="/notifications/wordings",
    tags=["wordings"],
    dependencies=[Depends(requires("wordings.read"))],
)


@router.get("")
def wordings(
    language: Annotated[str, Query(pattern=r"^[a-z-]{2,10}$")] = ENGLISH,
) -> dict[str, Any]:
    """Every message to a person or to whoever referred them, in one language or format."""
    known = templates()
    if language not in known:
        raise Problem(404, "No such language", "There are no words in it.", element="language")
    shown = known[language]
    return {
        "language": shown.code,
        "lang": shown.lang,
        "direction": shown.direction,
        "version": shown.version,
        "checked_by": shown.checked_by,
        "languages": [
            {"code": each.code, "name": each.name, "lang": each.lang, "easy_read": each.easy_read}
            for each in known.values()
        ],
        "messages": [
            {
                "kind": each.kind,
                "subject": each.subject,
                "paragraphs": list(each.paragraphs),
                "brief": each.brief,
            }
            for each in messages(filled=True)
            if each.reader != "staff" and each.language == language
        ],
    }
