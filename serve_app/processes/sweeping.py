"""Deletes what nobody went on with, now and then."""

import asyncio
from typing import Final

from common.clock import Clock
from common.errors import CarewireError
from common.logs import get_logger
from store.ports.blobs import Blobs

_EVERY_S: Final = 3600.0
log = get_logger(__name__)


async def sweep_blobs(blobs: Blobs, clock: Clock, *, ttl_h: float) -> None:
    """Go on for ever. Uploads that were not touched for `ttl_h` go; so does what an interrupted deletion left. Several
    processes may do it at once."""
    while True:
        try:
            gone = await blobs.sweep(clock.now_ms() - round(ttl_h * 3_600_000))
            log.info("blobs.swept", deleted=gone)
        except CarewireError as error:
            log.warning("blobs.not_swept", code=error.code)
        await asyncio.sleep(_EVERY_S)
