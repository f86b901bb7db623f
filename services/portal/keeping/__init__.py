"""What a provider's manager keeps in the directory: how much room there is, and the listings.

Whoever answers requests alone has no part in it: the directory refuses them.
"""

from services.portal.keeping import capacity, listing, missing, services

ROUTERS = (services.router, capacity.router, listing.router, missing.router)
"""All own services, how much room one has, what its listing says, and what is still missing."""
