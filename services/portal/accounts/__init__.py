"""The pages of administrators: who may sign in, as what, and what was done with it.

They show what the issuer's API gives the administrator's own token, and nothing of any case: the
people of one organisation, or everybody.
"""

from services.portal.accounts import inviting, one, people

ROUTERS = (people.router, inviting.router, one.router)
"""The list, an invitation, and one account, whose id is taken last."""
