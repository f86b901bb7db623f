"""One's own listing: what everybody reads, what waits for the hub, and the form to change it.

What is changed is written on what waits, if something does: then the hub decides on both. News
alone does not wait for that: whoever is closed this week is closed before the hub has looked.
"""

from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.answer_links import Refusal
from services.portal.keeping import form, said, words
from services.portal.staff.fields import Field, Typed, at_its_field, typed_into
from services.portal.staff.place import Here, Place, back_to
from shared.languages import _

router = APIRouter(include_in_schema=False)

WHY = Field(
    "why",
    _("Why do you change it? (if you like)"),
    hint=_("Your hub reads it. Do not write any names."),
)

Json = dict[str, Any]


@router.get("/services/{service}")
async def show(service: UUID, here: Here, done: str = "") -> Response:
    """What everybody reads of a service, and what would be new."""
    kept, listing, waiting = await _standing(here, service)
    terms = await _terms(here)
    public = said.rows(listing, terms) if listing else []
    changes = said.rows(waiting, terms) if waiting else []
    return here.page(
        "keeping/listing",
        kept=kept,
        public=public,
        changes=[row for row in changes if row not in public],
        words=words,
        said=words.DONE.get(done, ""),
    )


@router.get("/services/{service}/listing")
async def ask(service: UUID, here: Here) -> Response:
    """The form, with what stands or waits."""
    kept, listing, waiting = await _standing(here, service)
    base = waiting or listing
    return _page(here, kept, base, await _terms(here), 200, form.typed_of(base))


@router.post("/services/{service}/listing")
async def change(service: UUID, here: Here) -> Response:
    """Write it; the directory says whether the hub decides first."""
    sent = await here.form()
    kept, listing, waiting = await _standing(here, service)
    base, terms = waiting or listing, await _terms(here)
    fields = [each for part in form.fields_of(base, terms).values() for each in part] + [WHY]
    typed, faults = typed_into(sent, fields)
    faults = form.faults_of(typed, terms) | faults
    if not faults:
        new = form.written(base, typed, terms)
        try:
            await _settle(here, base, new)
            at = _address(service, typed["why"])
            told: Json = {}
            if waiting and listing and form.is_news(base, new):
                told = await here.send("PUT", at, form.with_news(listing, new))
                await here.send("PUT", at, new)
            else:
                told = await here.send("PUT", at, new)
            return back_to(f"/services/{service}?done={'waits' if 'state' in told else 'public'}")
        except Refusal as refusal:
            faults = at_its_field(refusal, fields)
    return _page(here, kept, base, terms, 422, typed, faults)


def _address(service: UUID, why: str) -> str:
    return f"/directory/services/{service}" + (f"?{urlencode({'why': why})}" if why else "")


async def _settle(here: Place, base: Json, new: Json) -> None:
    """Say where a place lies that has another postcode now.

    Raises:
        Refusal: 422, at the postcode, if it is none.
    """
    postcode = form.moved(base, new)
    if postcode is None:
        return
    try:
        form.put_at(new, await here.get(f"/directory/postcodes/{quote(postcode, safe='')}"))
    except Refusal as refusal:
        if refusal.status == 404:
            form.put_at(new, None)
        elif refusal.status == 400:
            raise Refusal(422, detail=refusal.detail, element="postal_code") from refusal
        else:
            raise


async def _standing(here: Place, service: UUID) -> tuple[Json, Json, Json]:
    """A service that one keeps, what everybody reads of it, and what its hub has not published.

    Raises:
        Refusal: 404, another's.
    """
    kept: Json = await here.get(f"/directory/kept/services/{service}")
    listing: Json = await here.get(f"/directory/services/{service}") if kept["public"] else {}
    waiting: Json = {}
    if "waits" in kept:
        number = kept["waits"]["number"]
        version = await here.get(f"/directory/services/{service}/versions/{number}")
        waiting = version["listing"]
    return kept, listing, waiting


async def _terms(here: Place) -> form.Terms:
    """Terms by taxonomy and id, as people read them."""
    vocabulary = (await here.get("/directory/vocabulary"))["contents"]
    return {code: {} for code in form.CHOSEN} | {
        taxonomy["code"]: {term["id"]: form.named(term) for term in taxonomy["terms"]}
        for taxonomy in vocabulary
        if taxonomy["code"] in form.CHOSEN
    }


def _page(
    here: Place,
    kept: Json,
    base: Json,
    terms: form.Terms,
    status: int,
    typed: Typed,
    faults: dict[str, str] | None = None,
) -> Response:
    parts = form.fields_of(base, terms)
    return here.page(
        "keeping/change",
        status,
        kept=kept,
        parts=parts,
        fields=[each for part in parts.values() for each in part] + [WHY],
        why=WHY,
        weekly=form.is_weekly(base),
        places=len(base.get("service_at_locations") or ()),
        schedule="; ".join(said.schedule_words(each) for each in base.get("schedules") or ()),
        typed=typed,
        faults=faults or {},
    )
