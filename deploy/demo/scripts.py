"""What happens to the demo's referrals: one script each, in the words that `story` plays."""

SCRIPTS: tuple[str, ...] = (
    "new",
    "accept",
    "accept contact",
    "accept yes measure next",
    "accept yes measure goal ask:provider",
    "accept yes measure ask waiting-list next",
    "accept yes measure goal ask:provider place attend talk told-us attend attend measure next",
    "accept yes ask:provider place start",
    "accept yes measure goal later measure ask place next",
    "accept yes measure ask place attend complete measure close:completed",
    "accept yes told ask decline",
    "accept yes ask:provider-2",
    "accept yes ask also place",
    "accept yes ask decline ask place attend",
    "accept contact contact close:not-reached",
    "accept reached close:person-declined",
    "accept yes goal told hold",
    "accept yes ask place no-show",
    "accept yes ask place start leave close:person-ended-early",
    "withdraw",
    "return",
    "accept yes ask place start withdraw",
    "accept yes ask silent",
    "accept yes hold close:nothing-fits",
    "accept yes ask withdraw",
    "accept yes ask cancel",
    "accept yes ask also place choose attend",
    "accept yes ask:provider-2 waiting-list",
    "accept yes hold restricted",
    "accept reached close:person-declined do-not-contact",
    "accept yes ask close:died-or-moved died",
)
"""How far a referral has come, step by step. People take them in turn, the first ones twice.

Between them they leave a Task in every state that `services.referrals.domain` declares; a referral
that waits unrouted comes from the practice that no link-worker service covers.
"""

FOR_THE_HUB = ("accept yes ask:by-phone", "accept yes ask:unreached", "new")
"""Of the three people about whom something waits for the hub: a provider that is rung and has not
answered for days, one whose address mails do not reach, and a referral that no team has."""
SERVICES = {"by-phone": "Door to Door Wednesdays", "unreached": "Spoons from Windfall"}
"""Services that a script names."""

WEEKLY = frozenset({"attend", "complete", "leave", "told-us"})
"""Steps that come a week after the one before; most others take two days."""

SAME_DAY = frozenset({"measure", "goal", "told", "next"})
"""Steps of the same conversation as the one before."""

LATER = 28
"""Days in the step `later`, in which a person does what they said they would."""
