"""What a provider and a link worker write to each other on one request, from either side."""

from services.portal.talk import of_case, of_request

ROUTERS = (of_request.router, of_case.router)
"""The provider's side and the link worker's."""
