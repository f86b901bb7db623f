"""Feeds of Open Referral UK 1 and 2 in the shapes in which councils publish them; all is invented.

`placecube` writes as Open Place Directory does (version 2), `outpost` as Outpost does (version 1
with names of its own).
"""

from typing import Any

from tests.providers.importing.feeds import Answers

SUMMER = 1_585_695_600_000
"""1 April 2020 in the milliseconds of its midnight in London, as Java writes a day."""


def placecube(key: str = "11240340-7ffe-4303-aa36-be8104acdf70", **more: Any) -> dict[str, Any]:
    """One service in full."""
    return {
        "id": key,
        "name": "Harbour Singers",
        "description": "<p>Sing with us.</p>",
        "url": "www.harbour-singers.example",
        "email": "",
        "status": "active",
        "fees": None,
        "accreditations": "",
        "deliverable_type": "Training",
        "attending_type": "venue",
        "attending_access": "drop-in",
        "pc_attendingAccess_additionalInfo": "",
        "assured_date": "02/04/2026 00:00:00",
        "service_areas": [{"id": "area-1", "service_area": "Calderdale", "extent": ""}],
        "fundings": [{"id": "f-1", "service_id": key, "source": "A small grant"}],
        "regular_schedules": [],
        "eligibilitys": [
            {"id": "e-1", "service_id": key, "eligibility": "adult", "minimum_age": "18"}
        ],
        "service_at_locations": [
            {
                "regular_schedule": [
                    {
                        "id": "s-1",
                        "opens_at": "10:00",
                        "closes_at": "12:00",
                        "valid_from": SUMMER,
                        "valid_to": None,
                        "dtstart": "",
                        "freq": "WEEKLY",
                        "interval": "1",
                        "byday": "TU",
                        "bymonthday": "",
                        "description": "",
                    }
                ],
                "holidayScheduleCollection": [{"closed": "true", "start_date": "2026-12-24"}],
                "location": {
                    "id": "loc-1",
                    "name": "Harbour Hall",
                    "latitude": 53.72,
                    "longitude": -1.86,
                    "accessibility_for_disabilities": [{"accessibility": "A lift"}],
                    "physical_addresses": [
                        {
                            "address_1": "3 Quay Street",
                            "city": "Halifax",
                            "state_province": "West Yorkshire",
                            "postal_code": "HX1 1AA",
                            "country": "England",
                        }
                    ],
                },
            }
        ],
        "cost_options": [
            {"id": "c-1", "valid_from": "", "option": "Session", "amount": 3.5,
             "amount_description": "a session"}
        ],
        "reviews": [],
        "organization": {
            "id": "af5b2a2f-5bd0-4c6d-9a5a-0a4a0b7f9001",
            "name": "Harbour Music Trust",
            "description": "",
            "url": "https://harbour-music.example",
            "logo": "",
            "uri": "",
        },
        "contacts": [
            {"id": "k-1", "name": "The desk", "title": "", "phones": [{"number": "01422 000000"}]}
        ],
        "holiday_schedules": [],
        "service_taxonomys": [
            {"id": "t-1",
             "taxonomy": {"id": "esdServiceTypes:1200", "name": "Choirs", "vocabulary": "ESD"}}
        ],
        "languages": [{"id": "l-1", "service_id": key, "language": "Welsh"}],
        "pc_metadata": {"date_created": "2024-01-01"},
        "pc_targetAudience": [{"audience": "Adults"}],
    } | more  # fmt: skip


def openplace(*services: dict[str, Any], base: str = "/o/ServiceDirectoryService/v2") -> Answers:
    """A feed that tells services in short and each in full by itself, knows `taxonomies` only with
    a vocabulary, and answers what it does not know by a page for people."""
    short = "id name description status organization attending_type".split()

    def answer(path: str, query: dict[str, str]) -> Any:
        if path == f"{base}/services":
            found = [{name: each[name] for name in short} for each in services]
            head = {"totalElements": len(found), "totalPages": 1, "number": 1, "size": len(found)}
            return head | {"first": True, "last": True, "content": found}
        if path == f"{base}/taxonomies":
            return 500, {}, b"vocabulary is missing"
        name = path.removeprefix(f"{base}/services/")
        told = {each["id"]: each for each in services}.get(name)
        return told or (200, {"Content-Type": "text/html"}, b"<html>Not found</html>")

    return answer


def outpost(key: int = 12045, **more: Any) -> dict[str, Any]:
    """One service."""
    return {
        "id": key,
        "updated_at": "2026-07-01T20:14:55.847Z",
        "name": "Stay and Play",
        "description": "For small ones and who comes with them.",
        "url": "http://stay-and-play.example/",
        "visible_from": None,
        "min_age": 0,
        "max_age": 5,
        "age_band_2": True,
        "needs_referral": True,
        "free": True,
        "created_at": "2026-07-01T20:14:54.546Z",
        "status": "published",
        "target_directories": [],
        "locations": [
            {
                "id": 1,
                "name": "The Nest",
                "address_1": "***",
                "city": "Todmorden",
                "state_province": "",
                "postal_code": "OL14 5AA",
                "country": "GB",
                "geometry": {"type": "Point", "coordinates": [-2.1, 53.71]},
                "mask_exact_address": True,
                "accessibilities": [{"name": "Hearing loop", "slug": "hearing-loop"}],
            }
        ],
        "contacts": [{"id": 9, "name": "Kim", "title": "", "phone": "01706 000000"}],
        "meta": [],
        "organisation": {"id": 1, "name": "Nest Families", "description": None, "url": None},
        "taxonomies": [{"id": 1, "name": "Playgroups", "slug": "playgroups", "parent_id": None}],
        "regular_schedules": [
            {"id": 4, "weekday": "Monday", "opens_at": "09:30", "closes_at": "11:00",
             "dtstart": "2026-01-05T00:00:00.000Z", "freq": "week", "interval": 1,
             "until": "2027-07-19T00:00:00.000Z"}
        ],
        "cost_options": [],
        "links": [{"label": "Facebook", "url": "https://social.example"}],
        "send_needs": [{"id": 1, "name": "Autism", "slug": "autism"}],
        "suitabilities": [{"id": 1, "name": "Dementia", "slug": "dementia"}],
        "local_offer": None,
    } | more  # fmt: skip
