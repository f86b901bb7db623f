"""What the READ-ME.txt of a person's copy says."""

import pytest

from deploy.copy_summary import FILES
from services.notifications import holdings as notifications
from services.referrals.subject import holdings as referrals

HELD = {
    *(f"referrals/{each.table.name}" for each in referrals.HOLDINGS),
    *(f"notifications/{each.table.name}" for each in notifications.HOLDINGS),
    "referrals/versions",
}


def test_each_file_that_a_copy_can_have_is_explained_and_no_other() -> None:
    assert set(FILES) == HELD


@pytest.mark.parametrize("words", FILES.values(), ids=FILES)
def test_what_is_in_a_file_is_one_sentence_without_a_word_of_ours(words: str) -> None:
    assert len(words.split()) <= 20
    assert not set(words.lower().split()) & {
        "uuid",
        "json",
        "fhir",
        "row",
        "payload",
        "servicerequest",
    }
