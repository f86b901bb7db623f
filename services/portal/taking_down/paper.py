"""The day on a paper, which is asked for where a referral came on one."""

from datetime import date

from starlette.datastructures import FormData

from services.portal.typed import Mistyped, day_of

PAPER = {"day": "paper_day", "month": "paper_month", "year": "paper_year"}
"""Its parts, by the fields in which they are typed."""


def typed_in(form: FormData, *names: str) -> dict[str, str]:
    """What was typed or chosen of how it came.

    Args:
        form: as it was sent.
        names: of fields beside the day.
    """
    return {name: str(form.get(name) or "").strip()[:40] for name in (*names, *PAPER.values())}


def day_on_paper(typed: dict[str, str], today: date, faults: dict[str, str]) -> str | None:
    """The day, as an API takes it; None where it did not come on paper.

    Args:
        typed: see `typed_in`; `entered` says how it came.
        today: where it is typed.
        faults: gets what is wrong with it.
    """
    if typed["entered"] != "paper":
        return None
    try:
        return day_of({part: typed[name] for part, name in PAPER.items()}, today).isoformat()
    except Mistyped as mistyped:
        faults["paper_day"] = str(mistyped)
        return None
