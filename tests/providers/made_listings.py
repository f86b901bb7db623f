"""Listings that nobody would think of: whatever the write shape takes, by hypothesis."""

from typing import Any

from hypothesis import strategies as st

from services.providers.taxonomies import term_id
from tests.providers.listings import OWNER

Maybe = dict[str, st.SearchStrategy[Any]]

_signs = st.characters(exclude_characters="\x00", exclude_categories=["Cs"])
words = st.text(_signs, min_size=1, max_size=60).filter(lambda text: bool(text.strip()))
line = st.text(_signs, max_size=60)
email = st.from_regex(r"[a-z.+ü]{1,12}@[a-z-]{1,12}\.(org|uk)", fullmatch=True)
web = st.from_regex(r"https?://[a-zA-Z0-9./?=&%_ü-]{1,40}", fullmatch=True)
when = st.dates().map(str)
hour = st.times().map(str)
day = st.from_regex(r"(-?[1-5])?(MO|TU|WE|TH|FR|SA|SU)", fullmatch=True)
number = st.floats(0, 150, allow_nan=False) | st.integers(0, 150)
link = st.fixed_dictionaries(
    {
        "taxonomy_term_id": st.sampled_from(["loneliness", "money", "work"]).map(
            lambda code: str(term_id("need", code))
        )
    },
    optional={"value": st.sampled_from(["no", "yes"]) | line, "link_type": line},
)


def _entity(required: Maybe | None = None, **optional: st.SearchStrategy[Any]) -> Any:
    return st.fixed_dictionaries(required or {}, optional=optional)


def _some(entity: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(entity, max_size=2)


language = _entity(name=line, code=st.from_regex(r"[a-z]{2,3}(-[A-Z]{2})?", fullmatch=True))
schedule = _entity(
    dtstart=when,
    freq=st.sampled_from(["WEEKLY", "MONTHLY"]),
    interval=st.integers(1, 366),
    byday=st.lists(day, min_size=1, max_size=7).map(",".join),
    bymonthday=st.sampled_from(["1", "-1", "1,15,31"]),
    description=line,
    opens_at=hour,
    closes_at=hour,
    schedule_link=web,
    attending_type=line,
    notes=line,
)
address = _entity(
    {
        "address_1": words,
        "city": line,
        "state_province": line,
        "postal_code": st.text(_signs, max_size=12),
    },
    attention=line,
    region=line,
    address_type=st.sampled_from(["physical", "postal", "virtual"]),
)
location = st.builds(
    lambda entity, point: entity | dict(zip(("latitude", "longitude"), point, strict=False)),
    _entity(
        name=words,
        description=line,
        location_type=st.sampled_from(["physical", "postal", "virtual"]),
        external_identifier=line,
        addresses=_some(address),
        accessibility=_some(_entity(description=line, details=line, url=web)),
        attributes=_some(link),
    ),
    st.just(()) | st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
)
contact = _entity(
    name=line,
    title=line,
    department=line,
    email=email,
    phones=_some(_entity({"number": st.just("01632 960000")}, description=line)),
    attributes=_some(link),
)

services = _entity(
    {"organization_id": st.just(str(OWNER)), "name": words},
    alternate_name=words,
    description=line,
    url=web,
    email=email,
    status=st.sampled_from(["active", "inactive", "defunct", "temporarily closed"]),
    fees=line,
    accreditations=line,
    eligibility_description=line,
    minimum_age=number,
    assured_date=when,
    assurer_email=email,
    alert=line,
    schedules=_some(schedule),
    service_areas=_some(_entity(name=line, extent=line, uri=web)),
    service_at_locations=_some(_entity({"location": location}, schedules=_some(schedule))),
    languages=_some(language),
    funding=_some(_entity(source=line, amount=number)),
    cost_options=_some(_entity(amount=number, option=line, amount_description=line)),
    contacts=_some(contact),
    attributes=_some(link),
    kersey=_entity(
        capacity=_entity(
            {"state": st.sampled_from(["taking", "waiting-list", "full", "ask-first", "unknown"])},
            places=st.integers(0, 99),
            waiting=st.integers(0, 99),
            keeps_list=st.booleans(),
        )
    ),
)
"""A service as JSON would bring it, with everything below it."""

organizations = _entity(
    {"id": st.just(str(OWNER)), "name": words, "description": words},
    alternate_name=words,
    email=email,
    website=web,
    logo=web,
    uri=web,
    legal_status=line,
    year_incorporated=st.integers(1000, 2200),
    organization_identifiers=_some(_entity({"identifier_type": words, "identifier": words})),
    attributes=_some(link),
)
