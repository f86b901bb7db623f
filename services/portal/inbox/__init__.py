"""A provider's pages for those who have an account: its requests, its answers, how it goes.

They show what the answer link shows and no more: who somebody is stands on no list, is shown after
acceptance to whoever asks for it, and every look is recorded.
"""

from services.portal.inbox import requests, walk_ins, worried

ROUTERS = (walk_ins.router, worried.router, requests.router)
