"""Deletes what nobody needs any more, now and then."""

import asyncio
from typing import Final

from common.clock import Clock
from common.errors import CarewireError
from common.logs import get_logger
from serve_app.edge.webhooks.arrivals import Webhooks
from store.ports.blobs import Blobs

_EVERY_S: Final = 3600.0
log = get_logger(__name__)


async def sweep(blobs: Blobs, webhooks: Webhooks, clock: Clock, *, ttl_h: float) -> None:
    """Go on for ever. Uploads that were not touched for `ttl_h` go, what an interrupted deletion left, and large bodies
    of webhooks that were handed over. Several processes may do it at once."""
    while True:
        try:
            unfinished = await blobs.sweep(clock.now_ms() - round(ttl_h * 3_600_000))
            while await webhooks.clear():
                pass
            log.info("blobs.swept", unfinished=unfinished)
        except CarewireError as error:
            log.warning("blobs.not_swept", code=error.code)
        await asyncio.sleep(_EVERY_S)
