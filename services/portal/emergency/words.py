"""What these pages say for the codes of an opening."""

from collections.abc import Mapping

from shared.languages import _

DUTY_LEAD = "duty-lead"

REASONS: Mapping[str, str] = {
    "life-at-risk": _("The person may die or be hurt badly"),
    "others-at-risk": _("Somebody else may be hurt"),
    "safeguarding": _("A child or an adult may be abused or neglected"),
    "cannot-wait": _("Somebody must reach the person today, and the team cannot"),
}

FOUND: Mapping[str, str] = {
    "right": _("It was right to open it"),
    "question": _("We want to talk about it with whoever opened it"),
}
