"""Asking a person to prove anew who they are, for what a sign-in of this morning is not enough.

The service says so as RFC 9470 (OAuth 2.0 Step Up Authentication Challenge Protocol) has it: the
client leads its person to the issuer once more (`prompt=login`) and comes back with a token of that
sign-in. Nothing of it is Kersey's own, so that any issuer serves whose tokens say `auth_time` and
`amr`.
"""

import time
from datetime import timedelta

from shared.auth import CLOCKS_APART, Principal
from shared.problems import Problem

MFA = "mfa"
"""Several factors were asked for (RFC 8176, section 2)."""

STEP_UP = "step-up"
"""The `reason` of the refusal, for pages that ask on somebody's behalf."""


def require_recent(principal: Principal, within: timedelta, *, scope: str = "") -> None:
    """Refuse whoever has not proved with two factors, a moment ago, who they are.

    Args:
        principal: who asks.
        within: how long ago that may be.
        scope: what the token must allow beside; empty for nothing more.

    Raises:
        Problem: 401 with the challenge of RFC 9470, section 3. A system's token gets it too, and
            can never answer it.
    """
    age = time.time() - principal.proved if principal.proved is not None else None
    recent = age is not None and -CLOCKS_APART <= age <= within.total_seconds()
    if recent and MFA in principal.methods and (not scope or scope in principal.scopes):
        return
    seconds = int(within.total_seconds())
    asked = f', scope="{scope}"' if scope else ""
    raise Problem(
        401,
        "Prove that it is you",
        "Sign in again with both factors: this needs a sign-in of the last"
        f" {seconds // 60} minutes.",
        element="auth_time",
        headers={
            "WWW-Authenticate": 'Bearer error="insufficient_user_authentication",'
            f' error_description="A recent sign-in with two factors is needed",'
            f' max_age="{seconds}"{asked}'
        },
        reason=STEP_UP,
    )
