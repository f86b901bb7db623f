"""Feeds and files as councils, charities and their vendors publish them: invented, in shapes that
are found in the wild. Each is what a web server answers, and what is to come of it.
"""

import codecs
import csv
import gzip
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.providers.importing.feeds import Answers, key, page

OWNER = {"id": "org-1", "name": "Hebble Arts", "description": "Invented."}


@dataclass(frozen=True)
class Shape:
    """What somebody publishes.

    Attributes:
        answers: what is at which address.
        listed: the names of the services that are listed in the end.
        rules: the rules that the report names, refusals among them.
        at: which address is imported.
        state: in which the import ends.
        why: what the report says then.
    """

    answers: Answers
    listed: Sequence[str]
    rules: frozenset[str] = frozenset()
    at: str = "/services"
    state: str = "complete"
    why: str = ""


def one(name: str, /, **more: Any) -> dict[str, Any]:
    """A service with ids that are no UUIDs."""
    said = {"id": f"svc-{name}", "name": name, "status": "active", "organization": OWNER}
    return said | {"organization_id": "org-1"} | more


def paged(*services: dict[str, Any]) -> Answers:
    """All on one page."""
    return lambda path, query: page(list(services)) if path == "/services" else None


def raw(body: bytes, **headers: str) -> Answers:
    """These bytes at any address, with these headers (`_` is `-`)."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda path, query: (200, named, body)


def shape(answers: Answers, *listed: str, rules: str = "", **more: Any) -> Shape:
    return Shape(answers, listed, frozenset(rules.split()), **more)


def dumped(said: Any) -> bytes:
    return json.dumps(said).encode()


FIVE = [one(name) for name in ("Baking", "Chess", "Choir", "Knitting", "Walking")]
NAMES = tuple(each["name"] for each in FIVE)


# --- envelopes -------------------------------------------------------------------------------


def from_zero(services: Sequence[Any], per: int = 2, *, beyond: Any = None) -> Answers:
    """Pages as Spring counts them: the first has the number 0."""

    def answer(path: str, query: Mapping[str, str]) -> Any:
        if path != "/services":
            return None
        number, pages = int(query.get("page", 0)), -(-len(services) // per)
        if number >= pages and beyond is not None:
            return beyond
        found = list(services)[number * per : (number + 1) * per]
        return {"content": found, "totalElements": len(services), "totalPages": pages,
                "number": number, "size": per, "first": number == 0, "last": number == pages - 1,
                "numberOfElements": len(found)}  # fmt: skip

    return answer


def from_zero_untold(path: str, query: Mapping[str, str]) -> Any:
    """Likewise, and nothing says which page is the first."""
    if path != "/services":
        return None
    number = int(query.get("page", 0))
    return {"total": 5, "page": number, "content": FIVE[number * 2 : number * 2 + 2]}


def miscounted(path: str, query: Mapping[str, str]) -> Any:
    """Digits that are no number, and more of them than Python takes for one."""
    if path != "/services":
        return None
    number = int(query.get("page", 1))
    found = FIVE[number * 2 - 2 : number * 2]
    return {"total_items": "²", "total_pages": "9" * 5000, "page_number": "٣", "contents": found}


def by_link(path: str, query: Mapping[str, str]) -> Any:
    """Bare lists, and the way to the next in the answer's head."""
    if path != "/services":
        return None
    at = int(query.get("offset", 0))
    more = {"Link": f'</services?offset=0>; rel="first", </services?offset={at + 2}>; rel="next"'}
    return 200, more if at + 2 < len(FIVE) else {}, dumped(FIVE[at : at + 2])


def by_member(path: str, query: Mapping[str, str]) -> Any:
    """A count, results, and the address of the next page, with a scheme of its own."""
    if path != "/services":
        return None
    at = int(query.get("offset", 0))
    following = f"https://127.0.0.1/services?offset={at + 2}" if at + 2 < len(FIVE) else None
    return {"count": 5, "next": following, "previous": None, "results": FIVE[at : at + 2]}


def elsewhere(path: str, query: Mapping[str, str]) -> Any:
    return {"count": 5, "next": "https://10.0.0.7/services", "results": FIVE[:2]}


def missing_beyond(path: str, query: Mapping[str, str]) -> Any:
    """Nothing says how many pages there are; beyond the last is no page."""
    number = int(query.get("page", 1))
    if path != "/services" or number > 3:
        return None
    return {"page": number, "contents": FIVE[number * 2 - 2 : number * 2]}


class Moving:
    """A service is deleted while the feed is read: the next moves to a page that was read."""

    def __init__(self) -> None:
        self.whole = True
        self.reads = 0

    def __call__(self, path: str, query: Mapping[str, str]) -> Any:
        if path != "/services":
            return None
        number = int(query.get("page", 1))
        there = FIVE if self.whole or number == 1 else FIVE[1:]
        found = there[number * 2 - 2 : number * 2]
        return page(found, number, -(-len(there) // 2), total_items=len(there))


def short_lists(path: str, query: Mapping[str, str]) -> Any:
    """Lists tell only the head of a service, and no service has a page of its own."""
    if path != "/services":
        return None
    return page([{name: each[name] for name in each if name != "organization_id"} for each in FIVE])


def from_numbers(path: str, query: Mapping[str, str]) -> Any:
    number = int(query.get("page", 1))
    return page(FIVE[number * 2 - 2 : number * 2], number, 3, total_items=5)


def strict(path: str, query: Mapping[str, str]) -> Any:
    """A feed that refuses every question that it does not know."""
    if path != "/services":
        return None
    if query.keys() - {"page"}:
        return 400, {}, b'{"error": "unknown parameter"}'
    return page([*FIVE], int(query.get("page", 1)), 1)


def told_twice(path: str, query: Mapping[str, str]) -> Any:
    """Lists of heads that number services, whose own pages write the numbers as texts, in a list
    or wrapped."""
    if path == "/services":
        return page([one(name, id=at) | {"id": at} for at, name in enumerate(NAMES)])
    whole = [one(name, id=str(at), fees="Free") for at, name in enumerate(NAMES)]
    at = path.removeprefix("/services/")
    if not at.isdecimal():
        return None
    found = whole[int(at)]
    return ([found], {"data": found}, found)[int(at) % 3]


def organizations_with_heads(path: str, query: Mapping[str, str]) -> Any:
    """Its organisations list the heads of services that are told in full elsewhere."""
    if path == "/organizations":
        return page([OWNER | {"services": [{"id": "svc-Choir", "name": "Choi"}]}])
    return page([one("Choir", fees="Free")]) if path == "/services" else None


class Busy:
    """A feed that says after how long to ask again."""

    def __init__(self, seconds: str) -> None:
        self.seconds = seconds
        self.asked = 0

    def __call__(self, path: str, query: Mapping[str, str]) -> Any:
        if path != "/services":
            return None
        self.asked += 1
        if self.asked % 2:
            return 429, {"Retry-After": self.seconds}, b""
        return page(FIVE)


ENVELOPES = {
    "content, from 0": shape(from_zero(FIVE), *NAMES),
    "content, from 0, all on one page": shape(from_zero(FIVE, 50), *NAMES),
    "content, from 0, an error beyond": shape(from_zero(FIVE, beyond=(404, {}, b"")), *NAMES),
    "from 0, untold": shape(from_zero_untold, *NAMES),
    "miscounted": shape(miscounted, *NAMES),
    "bare lists with links": shape(by_link, *NAMES),
    "results with the next address": shape(by_member, *NAMES),
    "no page beyond the last": shape(missing_beyond, *NAMES),
    "short lists, nothing else": shape(short_lists, *NAMES),
    "data with its meta": shape(
        lambda path, query: {"data": FIVE, "meta": {"total": 5}}, *NAMES
    ),
    "a next page elsewhere": shape(
        elsewhere, "Baking", "Chess", state="broken", why="at another host"
    ),
    "strict": shape(strict, *NAMES),
    "ids as numbers and as texts": shape(told_twice, *NAMES),
    "organisations with heads of services": shape(organizations_with_heads, "Choir"),
    "asks for patience": shape(Busy("1"), *NAMES),
    "asks for too much patience": shape(Busy("3600"), state="broken", why="after 3600 seconds"),
    "for those who sign in": shape(
        lambda path, query: (401, {}, b""), state="broken", why="open to everybody"
    ),
    "wrapped": shape(
        lambda path, query: {"success": True, "data": from_numbers(path, query)}
        if path == "/services" else None, *NAMES
    ),
    "an entity for a list": shape(
        lambda path, query: {"contents": {"1": FIVE[0]}}, rules="unreadable"
    ),
    "null for a list": shape(
        lambda path, query: page([]) | {"contents": None} if path == "/services" else None
    ),
    "a page for people": shape(
        lambda path, query: (200, {}, b"<!DOCTYPE html><p>Hello") if path == "/" else None,
        at="/", state="broken", why="is a page for people",
    ),
}  # fmt: skip


# --- bytes -----------------------------------------------------------------------------------


def zipped(**files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return made.getvalue()


def table(rows: Sequence[Mapping[str, Any]], delimiter: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


ORGANIZATIONS = table([{"id": "org-1", "name": "Hebble Arts", "description": "Invented."}])
SERVICES = table([{"id": "1", "organization_id": "org-1", "name": "Choir", "status": "active"}])
LINES = b"\n".join(map(dumped, FIVE))
ALL = dumped(FIVE)

BYTES = {
    "gzip by its name": shape(raw(gzip.compress(ALL)), *NAMES, at="/feed.json.gz"),
    "gzip by its kind": shape(raw(gzip.compress(ALL), Content_Type="application/gzip"), *NAMES),
    "gzip on its way": shape(raw(gzip.compress(ALL), Content_Encoding="gzip"), *NAMES),
    "gzip twice": shape(raw(gzip.compress(gzip.compress(ALL)), Content_Encoding="x-gzip"), *NAMES),
    "gzip in parts": shape(raw(gzip.compress(ALL[:99]) + gzip.compress(ALL[99:])), *NAMES),
    "gzip that is none": shape(raw(ALL, Content_Encoding="gzip"), *NAMES),
    "gzip that breaks off": shape(raw(gzip.compress(ALL)[:-20]), state="broken",
                                  why="breaks off before its end"),
    "gzip that is damaged": shape(raw(gzip.compress(ALL)[:-8] + b"x" * 8), state="broken",
                                  why="is damaged"),
    "brotli": shape(raw(ALL, Content_Encoding="br"), state="broken", why="only gzip"),
    "xz": shape(raw(b"\xfd7zXZ\x00..."), state="broken", why="packed by xz"),
    "a table of organisations": shape(raw(ORGANIZATIONS), at="/organizations.csv"),
    "a table of services": shape(raw(SERVICES), at="/export", rules="refused"),
    "a table of something": shape(raw(b"Name,Where\nChoir,Halifax\n"), at="/list.csv",
                                  state="broken", why="columns have the names of HSDS"),
    "a package": shape(raw(zipped(organizations__csv=ORGANIZATIONS, services__csv=SERVICES)),
                       "Choir", at="/hsds.zip"),
    "a package packed again": shape(
        raw(gzip.compress(zipped(organizations__csv=ORGANIZATIONS, services__csv=SERVICES))),
        "Choir"),
    "JSON in a ZIP file": shape(raw(zipped(services__json=ALL)), *NAMES),
    "a spreadsheet": shape(raw(zipped(**{"[Content_Types]__xml": b"<x/>"})), state="broken",
                           why="save each sheet as CSV"),
    "a table parted by tabs": shape(
        raw(table([{"id": "org-1", "name": "Hebble, Arts"}], "\t")), at="/organizations.csv",
        rules="description-from-name"),
    "UTF-16": shape(raw(json.dumps(FIVE).encode("utf-16")), *NAMES),
    "UTF-16 without its mark": shape(raw(json.dumps(FIVE).encode("utf-16-le")), *NAMES),
    "a mark first": shape(raw(codecs.BOM_UTF8 + ALL), *NAMES),
    "Latin-1": shape(
        raw(json.dumps([one("Café"), *FIVE], ensure_ascii=False).encode("latin-1")),
        *sorted(("Café", *NAMES)), rules="charset"),
    "a record a line": shape(raw(LINES), *NAMES, at="/services.ndjson"),
    "a record a line, one broken": shape(raw(LINES[:-1]), *NAMES[:-1], rules="unreadable"),
    "one service": shape(raw(dumped(FIVE[0])), "Baking", at="/services/1"),
    "organisations with services": shape(
        raw(dumped([OWNER | {"services": [one("Choir", organization=None)]}])), "Choir"),
    "words behind it": shape(raw(ALL + b"\n<!-- 0.2 s -->"), state="broken", why="not JSON"),
    "a call round it": shape(raw(b"callback(" + ALL + b");"), state="broken", why="not JSON"),
    "a comma too many": shape(raw(ALL[:-1] + b",]"), state="broken", why="not JSON"),
    "cut off": shape(raw(ALL[:-40]), state="broken", why="not JSON"),
    "nothing": shape(raw(b""), state="broken", why="not JSON"),
    "no number": shape(raw(dumped([one("Choir", minimum_age=float("nan"))])), "Choir",
                       rules="left-out"),
    "no list of records": shape(raw(dumped({"error": "Try again"})), state="broken",
                                why="There is no record"),
}  # fmt: skip


# --- records ---------------------------------------------------------------------------------

HALL = {"name": "Hall", "latitude": "53.72", "longitude": "-1.86"}
EVERY = (
    "alternate_name description url email interpretation_services application_process fees"
    " accreditations eligibility_description minimum_age maximum_age assured_date assurer_email"
    " alert schedules service_areas service_at_locations languages funding cost_options contacts"
    " attributes"
).split()


def deep(levels: int) -> Any:
    found: Any = "x"
    for _ in range(levels):
        found = {"more": [found]}
    return found


RECORDS = {
    "null everywhere": shape(paged(one("Null", **dict.fromkeys(EVERY))), "Null"),
    "empty everywhere": shape(paged(one("Empty", **dict.fromkeys(EVERY, ""))), "Empty"),
    "lists of null": shape(paged(one("Null", **{name: [None] for name in EVERY[13:]})), "Null"),
    "dates": shape(
        paged(one("Dates", assured_date="31/12/2025", schedules=[
            {"valid_from": "2025-01-02T00:00:00+01:00", "valid_to": "03-04-2026"},
            {"dtstart": "1 May 2026", "valid_from": "May"}, {"dtstart": 1767225600000}])),
        "Dates", rules="date left-out"),
    "numbers as texts": shape(
        paged(one("Numbers", minimum_age="18", maximum_age="99 years", cost_options=[
            {"option": "One", "amount": "£3"}, {"option": "Two", "amount": "£3.50 per session"},
            {"option": "Free", "amount": "Free"}, {"option": "Some", "amount": "3-5"}])),
        "Numbers", rules="number amount"),
    "flat places": shape(
        paged(one("Flat", locations=[HALL | {"address_1": "1 Mill Lane", "city": "Halifax",
                                              "state_province": "WY", "postal_code": "HX1 1AA",
                                              "country": "England"}]),
              one("Nested", service_at_locations=[{"location": HALL | {"physical_addresses": [
                  {"address_1": "1 Mill Lane", "city": "", "postal_code": "HX1 1AA"}]}}])),
        "Flat", "Nested", rules="country town-from-region county-from-town"),
    "places without ids": shape(
        paged(one("A", service_at_locations=[{"location": HALL}, {"location": HALL}]),
              one("B", service_at_locations={"location": HALL})),
        "A", "B", rules="one-for-list"),
    "terms by vocabulary": shape(
        paged(one("Terms", service_taxonomys=[
            {"id": "1", "taxonomy": {"id": "esd:9", "name": "Singing", "vocabulary": "ESD"}},
            {"id": "2", "taxonomy": {"id": "x:9", "name": "Arts", "vocabulary": None}},
            {"id": "3", "taxonomy": None}, {"id": "4", "taxonomy": {"id": "only"}}],
            attributes=[{"taxonomy_term": {"name": "No id"}}, {"taxonomy_term_id": "nowhere"}])),
        "Terms", rules="unknown-term"),
    "eligibility": shape(
        paged(one("A", eligibilitys=[{"eligibility": "adult", "minimum_age": "18+"}]),
              one("B", eligibility="Adults"), one("C", eligibilitys={"minimum_age": 5})),
        "A", "B", "C"),
    "times": shape(
        paged(one("Times", schedules=[
            {"opens_at": "9am", "closes_at": "5.30 pm"}, {"opens_at": "09:00:00+00:00"},
            {"opens_at": "Noon", "closes_at": "24:00"}, {"opens_at": "9am - 5pm"},
            {"opens_at": "2020-01-01T09:00:00Z", "closes_at": "0900"}])),
        "Times", rules="time left-out"),
    "days": shape(
        paged(one("Days", regular_schedules=[
            {"byday": "1MO,-1FR"}, {"byday": ["Monday", "TU"]}, {"byday": "Mondays and Thursdays"},
            {"byday": "MO-FR"}, {"weekday": "Weekdays"}, {"byday": "First Monday"},
            {"freq": "Weekly", "byday": "mo"}, {"freq": "FORTNIGHTLY", "byday": "TU"},
            {"byday": "Summer holidays"}])),
        "Days", rules="days frequency left-out"),
    "one id, two services": shape(
        paged(one("A"), one("B", id="svc-A"), one("C")), "A", "C", rules="duplicate-id"),
    "one id of a service and its organisation": shape(
        paged(one("A", id=key("both"), organization=OWNER | {"id": key("both")},
                  organization_id=key("both"))), "A"),
    "deep": shape(paged(one("A", more=deep(40)), one("B")), "B", rules="refused"),
    "enormous": shape(
        paged(one("A", description="x" * 2_000_000, fees="y" * 30_000), one("B")),
        "A", "B", rules="cut"),
    "markup": shape(
        paged(one("A <b>b</b>", description="<p onclick=x()>Hi</p><script>x()</script>",
                  fees="&pound;3 &amp; more", alert="a\x00b\x1b"),
              one("C", url="javascript:alert(1)", email="<script>")),
        "A b", "C", rules="markup left-out"),
    "addresses": shape(
        paged(one("A", url="www.a.example", email="mailto:a@b.example?subject=x"),
              one("B", url="N/A", email="a@b.example; c@d.example"),
              one("C", url="https://a.example/a b", email="none")),
        "A", "B", "C", rules="web-address e-mail-address left-out"),
    "status": shape(
        paged(one("A", status="Active "), one("B", status=None), one("C", status="Open"),
              one("D", status="closed"), one("E", status="purple")),
        "A", "B", "C", rules="status defunct refused"),
    "owners": shape(
        paged(one("A", organization=None), one("B"), one("C", organization=[OWNER]),
              one("D", organization={"name": "Nobody"}, organization_id=None),
              one("E", organization="Hebble Arts", organization_id=None),
              one("F", organization={"id": 7, "name": "Seven"}, organization_id=7)),
        "A", "B", "C", "F", rules="refused description-from-name"),
    "ids": shape(
        raw(dumped([one("A", id=key("a").upper()), one("B", id=f"{{{key('b')}}}"),
                    one("C", id=-3), one("D", id=10**30), one("E", id=1.5),
                    one("F", id=" x y ")])),
        "A", "B", "C", "D", "F", rules="refused"),
    "coordinates": shape(
        paged(one("A", service_at_locations=[{"location": HALL | {"latitude": "53,72"}}]),
              one("B", service_at_locations=[{"location": HALL | {"latitude": -1.86,
                                                                 "longitude": 53.72}}]),
              one("C", service_at_locations=[{"location": HALL | {"latitude": 408_000,
                                                                 "longitude": 425_000}}])),
        "A", "B", "C", rules="point left-out contradiction"),
    "telephones": shape(
        paged(one("A", phones=[{"number": 1422000000}, {"number": "01422 000 000 (ask for Jo)"}],
                  contacts={"name": "Desk", "phone": "01422 111111"}),
              one("B", contacts=[{"phones": "01422 111111"}], phone="01422 222222")),
        "A", "B", rules="text"),
    "against each other": shape(
        paged(one("A", minimum_age=60, maximum_age=18, schedules=[
            {"valid_from": "2026-05-01", "valid_to": "2025-05-01", "byday": "MO"}])),
        "A", rules="contradiction"),
    "everything a text": shape(
        paged(one("A", **dict.fromkeys(EVERY, "yes"))), "A", rules="left-out"),
    "everything a number": shape(
        paged(one("A", **dict.fromkeys(EVERY, 7))), "A", rules="text left-out"),
    "everything an entity": shape(
        paged(one("A", **{name: {"value": "x"} for name in EVERY})), "A",
        rules="left-out one-for-list"),
    "names that are none": shape(
        paged(one("A"), one("B", name=None), one("C", name=" "), one("D", name={"en": "D"}),
              one("E", name=12)), "12", "A", rules="refused text"),
}  # fmt: skip

SHAPES: Mapping[str, Shape] = ENVELOPES | BYTES | RECORDS
