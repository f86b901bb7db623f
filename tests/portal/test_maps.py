"""A map asks nobody else for pictures unless the operator says whom; scripts run nowhere else."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.portal.settings import PortalSettings
from shared.pages import content_policy


def settings(**changed: Any) -> PortalSettings:
    return PortalSettings(environment="test", database_url="postgresql://not-used", **changed)


def test_a_page_runs_scripts_and_shows_pictures_of_others_only_where_it_says_so():
    plain = content_policy()
    assert "script-src" not in plain
    assert "img-src 'self';" in plain
    drawn = content_policy(scripted=True, images_from=["https://tiles.example"])
    assert "script-src 'self';" in drawn
    assert "img-src 'self' https://tiles.example;" in drawn
    assert "unsafe" not in drawn


@pytest.mark.parametrize("tiles", ["http://tiles.example/{z}/{x}/{y}.png", "tiles", "https://a"])
def test_what_is_no_address_of_tiles_is_refused(tiles: str):
    with pytest.raises(ValidationError, match="map_tiles"):
        settings(map_tiles=tiles)


def test_tiles_are_off_until_somebody_is_named():
    assert settings().map_tiles == ""
    assert settings(map_tiles="https://tiles.example/{z}/{x}/{y}.png").map_tiles
