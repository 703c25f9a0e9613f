"""Long work that begins by itself each day: asked for when a runner starts, once for all of them."""

import asyncio
from collections.abc import Iterable
from typing import Final

import msgspec

from actors.jobs.commands import StartJob
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from common.errors import CarewireError
from common.ids import derived_id
from common.logs import get_logger

_PAUSE_S: Final = 5.0
log = get_logger(__name__)


async def begin_daily(entities: EntityClient, wanted: Iterable[StartJob]) -> None:
    """Begin what has not begun yet; however long the shards take to answer."""
    for work in wanted:
        name = msgspec.json.encode([work.kind, sorted(work.about.items())]).decode()
        while True:
            try:
                job_id = derived_id("job", 0, f"daily {name}")
                await entities.ask(f"job:{job_id}", work, by=SYSTEM, command_id="start")
                break
            except CarewireError as error:
                if not error.retryable:
                    log.exception("daily.refused", kind=work.kind)
                    break
                await asyncio.sleep(_PAUSE_S)
