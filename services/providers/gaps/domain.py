"""The words of gaps. No I/O."""

REASONS = {
    "none": "there is nothing of the kind",
    "full": "what there is has no room",
    "too-far": "what there is lies too far away",
    "cost": "what there is costs too much",
    "times": "what there is runs at other times",
    "access": "what there is cannot be got into, or not taken part in",
    "language": "what there is is not in a language that is spoken",
    "age": "what there is is for other ages",
    "declined": "whoever was asked declined",
}
"""Why nothing fitted: codes alone, so that nobody writes of a person here."""

STATES = ("idea", "planned", "opened", "dropped")
"""Of an action. `opened` names the service that came of it."""

GOING_ON = ("idea", "planned", "opened")
"""States in which a hub does something about a gap, or has."""
