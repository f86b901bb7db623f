"""Connections from the pages to the services behind them."""

import httpx

from services.portal.front_door.door import SCOPE, Asks
from services.portal.settings import PortalSettings
from shared.http import ServiceClient
from shared.trust import system_authorities


class Behind:
    """Opens them, and closes those that it opened.

    Args:
        settings: say where each service is.
        http: calls all services on behalf of whoever asks; by default one for each of them.
        hands_in: hands in at the front door; by default as the portal's own client, and without
            one there is no front door.
    """

    def __init__(
        self, settings: PortalSettings, http: httpx.AsyncClient | None, hands_in: Asks | None
    ) -> None:
        def at(url: str) -> httpx.AsyncClient:
            return http or httpx.AsyncClient(
                base_url=url or settings.public_url, timeout=20.0, verify=system_authorities()
            )

        self.referrals = at(settings.referrals_url)
        self.directory = at(settings.directory_url)
        self.notifications = at(settings.notifications_url)
        self.identity = at(settings.identity_url)
        signed = settings.client_id and settings.client_secret.get_secret_value()
        self._own = _own_client(settings) if signed and hands_in is None else None
        self.hands_in = hands_in or self._own

    async def close(self) -> None:
        """Close all of them."""
        for each in {self.referrals, self.directory, self.notifications, self.identity}:
            await each.aclose()
        if self._own is not None:
            self._own.close()


def _own_client(settings: PortalSettings) -> ServiceClient:
    return ServiceClient(settings, settings.referrals_url or settings.public_url, scope=SCOPE)
