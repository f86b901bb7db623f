"""Postcodes: their form, and a small built-in gazetteer of West Yorkshire's districts.

The centroids are rough (within a kilometre or two) and good enough to say what is near. Official
files loaded into the same table take their place, district by district or postcode by postcode.
"""

import re
from dataclasses import dataclass
from math import asin, cos, degrees, pi, radians, sin, sqrt
from typing import Any

EARTH_METRES = 6_371_008.8
"""Mean radius of the Earth (IUGG)."""

_OUTWARD = re.compile(r"(?P<area>[A-Z]{1,2})(?P<district>[0-9][0-9A-Z]?)\Z")
_INWARD = re.compile(r"[0-9][ABD-HJLNP-UW-Z]{2}\Z")


class BadPostcode(Exception):
    """A postcode that cannot be one, or is not known here.

    Args:
        words: which part is wrong and why, and what to do.
        reason: a code for programs where more than its form is wrong, such as `UNKNOWN_UNIT`.
    """

    def __init__(self, words: str, reason: str | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.reason = reason

    @property
    def members(self) -> dict[str, Any]:
        """What a problem says of it beside its words."""
        return {} if self.reason is None else {"reason": self.reason}


UNKNOWN_UNIT = "unknown-second-part"
"""The first part is known with its postcodes, and this is none of them."""


@dataclass(frozen=True)
class Postcode:
    """A UK postcode, split into its parts; the inward part may be missing."""

    outward: str
    inward: str

    @property
    def lookups(self) -> list[str]:
        """Codes to look for, the most exact first: postcode, sector, district."""
        if not self.inward:
            return [self.outward]
        return [
            f"{self.outward} {self.inward}",
            f"{self.outward} {self.inward[0]}",
            self.outward,
        ]


def parse(text: str) -> Postcode:
    """Read a postcode or a postcode district, in any case, with or without the space.

    Raises:
        BadPostcode: says which part cannot be right.
    """
    code = " ".join(text.upper().split())
    outward, space, inward = code.partition(" ")
    if not space and len(code) > 4:
        outward, inward = code[:-3], code[-3:]
    if not _OUTWARD.match(outward):
        raise BadPostcode(
            f"The first part of the postcode, '{_shown(outward)}', is not a postcode district:"
            " it should look like HX7 or LS10."
        )
    if inward and not _INWARD.match(inward):
        raise BadPostcode(
            f"The second part of the postcode, '{_shown(inward)}', should be one digit and two"
            " letters, like 8AB."
        )
    return Postcode(outward, inward)


def _shown(part: str) -> str:
    """A part fit to repeat: short, and only what a postcode is made of."""
    return re.sub(r"[^A-Z0-9]", "?", part[:8])


def metres_between(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Distance along the ground between two (latitude, longitude) points, by haversine."""
    latitude_a, latitude_b = radians(a[0]), radians(b[0])
    half = sin((latitude_b - latitude_a) / 2) ** 2
    half += cos(latitude_a) * cos(latitude_b) * sin(radians(b[1] - a[1]) / 2) ** 2
    return 2 * EARTH_METRES * asin(min(1.0, sqrt(half)))


@dataclass(frozen=True)
class Box:
    """A rectangle of degrees that holds a circle: what an index can answer."""

    south: float
    north: float
    west: float
    east: float


def box_around(latitude: float, longitude: float, metres: float) -> Box:
    """The rectangle that holds every point within `metres`; at the poles, all longitudes."""
    high = metres / 111_000
    highest = min(89.999, abs(latitude) + high)
    wide = min(360.0, high / max(cos(radians(highest)), 1e-6))
    return Box(latitude - high, latitude + high, longitude - wide, longitude + wide)


def box_within(latitude: float, longitude: float, metres: float) -> Box:
    """A rectangle of which every point lies within `metres`: no distance has to be worked out.

    By haversine sin²(d/2) is sin²(Δφ/2) + cos φ cos φ' sin²(Δλ/2), and a sine is at most its angle:
    so each part may be half of what the whole is at the circle.
    """
    tall = sqrt(2) * sin(min(metres / EARTH_METRES, pi) / 2) * _A_LITTLE_LESS
    nearest_equator = max(0.0, radians(abs(latitude)) - tall)
    high, wide = degrees(tall), degrees(tall / cos(nearest_equator))
    return Box(latitude - high, latitude + high, longitude - wide, longitude + wide)


_A_LITTLE_LESS = 1 - 1e-9
"""So that rounding puts nothing into the rectangle that is not in the circle."""


@dataclass(frozen=True)
class District:
    """A postcode district of the gazetteer."""

    code: str
    name: str
    latitude: float
    longitude: float
    hub: str | None


def _read(lines: str) -> tuple[District, ...]:
    districts = []
    for line in lines.strip().splitlines():
        code, latitude, longitude, hub, name = line.split(maxsplit=4)
        districts.append(
            District(code, name, float(latitude), float(longitude), None if hub == "-" else hub)
        )
    return tuple(districts)


WEST_YORKSHIRE = _read("""
BD1  53.795 -1.753 bradford   Bradford city centre
BD2  53.814 -1.737 bradford   Eccleshill and Undercliffe
BD3  53.799 -1.724 bradford   Barkerend and Thornbury
BD4  53.776 -1.720 bradford   East Bowling and Tong
BD5  53.779 -1.762 bradford   West Bowling
BD6  53.766 -1.786 bradford   Buttershaw and Wibsey
BD7  53.788 -1.790 bradford   Great Horton
BD8  53.801 -1.782 bradford   Manningham and Girlington
BD9  53.813 -1.788 bradford   Heaton
BD10 53.834 -1.714 bradford   Idle and Thackley
BD11 53.751 -1.668 leeds      Drighlington and Birkenshaw
BD12 53.749 -1.770 bradford   Wyke and Low Moor
BD13 53.783 -1.857 bradford   Thornton and Queensbury
BD14 53.788 -1.823 bradford   Clayton
BD15 53.811 -1.832 bradford   Allerton and Wilsden
BD16 53.849 -1.836 bradford   Bingley
BD17 53.839 -1.771 bradford   Baildon
BD18 53.835 -1.788 bradford   Shipley and Saltaire
BD19 53.727 -1.714 kirklees   Cleckheaton and Gomersal
BD20 53.896 -1.950 bradford   Silsden and Steeton
BD21 53.865 -1.907 bradford   Keighley
BD22 53.838 -1.958 bradford   Haworth and Oakworth
BD23 53.962 -2.017 -          Skipton
HD1  53.646 -1.785 kirklees   Huddersfield town centre
HD2  53.671 -1.777 kirklees   Birkby and Bradley
HD3  53.650 -1.842 kirklees   Lindley and Golcar
HD4  53.626 -1.809 kirklees   Lockwood and Netherton
HD5  53.645 -1.744 kirklees   Almondbury and Dalton
HD6  53.702 -1.783 calderdale Brighouse and Rastrick
HD7  53.608 -1.879 kirklees   Slaithwaite and Marsden
HD8  53.597 -1.660 kirklees   Kirkburton and Denby Dale
HD9  53.571 -1.785 kirklees   Holmfirth and Honley
HX1  53.722 -1.868 calderdale Halifax town centre
HX2  53.738 -1.908 calderdale Ovenden and Luddenden
HX3  53.728 -1.838 calderdale Northowram and Shelf
HX4  53.680 -1.875 calderdale Elland Upper Edge and Stainland
HX5  53.686 -1.837 calderdale Elland
HX6  53.704 -1.921 calderdale Sowerby Bridge
HX7  53.742 -2.012 calderdale Hebden Bridge and Mytholmroyd
LS1  53.798 -1.548 leeds      Leeds city centre west
LS2  53.801 -1.542 leeds      Leeds city centre
LS3  53.803 -1.560 leeds      Burley Road
LS4  53.810 -1.577 leeds      Burley and Kirkstall Road
LS5  53.817 -1.600 leeds      Kirkstall
LS6  53.819 -1.571 leeds      Headingley and Hyde Park
LS7  53.816 -1.535 leeds      Chapeltown and Chapel Allerton
LS8  53.822 -1.505 leeds      Harehills and Roundhay
LS9  53.797 -1.510 leeds      Burmantofts and Cross Green
LS10 53.769 -1.532 leeds      Hunslet and Belle Isle
LS11 53.778 -1.557 leeds      Beeston and Holbeck
LS12 53.794 -1.590 leeds      Armley and Wortley
LS13 53.814 -1.636 leeds      Bramley
LS14 53.818 -1.457 leeds      Seacroft
LS15 53.797 -1.446 leeds      Cross Gates and Whitkirk
LS16 53.848 -1.602 leeds      Adel and Cookridge
LS17 53.853 -1.529 leeds      Moortown and Alwoodley
LS18 53.839 -1.639 leeds      Horsforth
LS19 53.864 -1.686 leeds      Yeadon and Rawdon
LS20 53.877 -1.712 leeds      Guiseley
LS21 53.908 -1.690 leeds      Otley
LS22 53.932 -1.389 leeds      Wetherby
LS23 53.903 -1.344 leeds      Boston Spa
LS25 53.785 -1.330 leeds      Garforth and Kippax
LS26 53.750 -1.450 leeds      Rothwell and Oulton
LS27 53.747 -1.600 leeds      Morley
LS28 53.800 -1.668 leeds      Pudsey
LS29 53.925 -1.823 bradford   Ilkley
OL14 53.714 -2.098 calderdale Todmorden
WF1  53.683 -1.492 wakefield  Wakefield city centre
WF2  53.667 -1.519 wakefield  Sandal and Lupset
WF3  53.722 -1.520 leeds      East Ardsley and Lofthouse
WF4  53.638 -1.525 wakefield  Horbury and Crofton
WF5  53.680 -1.580 wakefield  Ossett
WF6  53.701 -1.415 wakefield  Normanton
WF7  53.667 -1.350 wakefield  Featherstone
WF8  53.690 -1.304 wakefield  Pontefract
WF9  53.606 -1.321 wakefield  Hemsworth and South Elmsall
WF10 53.727 -1.353 wakefield  Castleford
WF11 53.708 -1.248 wakefield  Knottingley and Ferrybridge
WF12 53.680 -1.626 kirklees   Dewsbury and Thornhill
WF13 53.688 -1.645 kirklees   Dewsbury and Ravensthorpe
WF14 53.674 -1.695 kirklees   Mirfield
WF15 53.709 -1.696 kirklees   Liversedge
WF16 53.707 -1.672 kirklees   Heckmondwike
WF17 53.722 -1.637 kirklees   Batley and Birstall
""")
