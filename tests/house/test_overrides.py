"""What a worker may override is said in three services, which never import each other."""

from typing import get_args

from services.portal.cases.words import CRITERIA
from services.providers.matching.request import SOFT
from services.referrals.api.bodies import Override


def test_what_matching_lets_be_overridden_can_be_asked_and_is_named():
    asked = get_args(Override.model_fields["criterion"].annotation)
    assert set(asked) == set(SOFT) == CRITERIA.keys()
