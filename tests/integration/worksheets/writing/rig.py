"""A gateway at which documents are written together."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from config.settings import LimitSettings, Settings, WorksheetSettings
from tests.gateway_rig import Rig, rig
from tests.unit.worksheets.sheet import SheetKind


@contextlib.asynccontextmanager
async def writing_rig(
    kind: SheetKind | None = None, *, limits: LimitSettings | None = None, **worksheets: Any
) -> AsyncIterator[Rig]:
    """A cluster with assignments of clara and theo, and one gateway. `worksheets`: settings."""
    async with rig(kinds=[kind or SheetKind()]) as made:
        limits = limits or LimitSettings(enabled=False)
        made.tree = Settings(worksheets=WorksheetSettings(**worksheets), limits=limits)
        await made.gateway()
        yield made
