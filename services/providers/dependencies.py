"""What the directory's routes are given. What is only picked goes without a thread: handing over to
one and back costs more."""

from typing import Annotated

from fastapi import Depends, Request

from services.providers.handlers import Directory
from services.providers.settings import ProvidersSettings
from shared.auth import Principal, requires

SCOPE = "directory.write"
READ = "directory.read"
CASES = "cases"
CAPACITY = "directory.capacity"


async def _directory(request: Request) -> Directory:
    found: Directory = request.app.state.directory
    return found


async def _settings(request: Request) -> ProvidersSettings:
    found: ProvidersSettings = request.app.state.settings
    return found


Known = Annotated[Directory, Depends(_directory)]
Settings = Annotated[ProvidersSettings, Depends(_settings)]
Writer = Annotated[Principal, Depends(requires(SCOPE))]
Passer = Annotated[Principal, Depends(requires(CAPACITY, role="service"))]
"""A service of Kersey that passes on what somebody said by a link."""
Asker = Annotated[Principal, Depends(requires(READ, CASES))]
