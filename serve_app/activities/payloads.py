"""Opens payloads under the keys of their owners, read anew for each batch: who was erased a moment ago is told nothing.

A key from a cache would do for as long as the cache is good, so none is used. One read serves all attempts that begin
together; what comes while it is under way goes with the next.
"""

from collections.abc import Sequence

from actors.kernel.contract.protocol import Offered
from actors.kernel.history.codec import activity_place
from common.lib.batching import Batcher
from store.ports.vault import Vault


class Payloads:
    """One a runner."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._batches: Batcher[Offered, bytes | ValueError | None] = Batcher(self._open)

    async def open(self, offered: Offered) -> bytes | None:
        """The payload, in the clear. None: its owner was erased.

        Raises:
            Unavailable: the keys cannot be read.
            ValueError: it was altered, or belongs elsewhere.
        """
        if not offered.owner:
            return offered.payload
        opened = await self._batches.put(offered)
        if isinstance(opened, ValueError):
            raise opened
        return opened

    async def _open(self, batch: Sequence[Offered]) -> list[bytes | ValueError | None]:
        """All of them, before anybody else can have the vault forget its keys."""
        await self._vault.unlock([one.payload for one in batch], anew=True)
        return [self._one(one) for one in batch]

    def _one(self, offered: Offered) -> bytes | ValueError | None:
        try:
            return self._vault.open(offered.payload, activity_place(offered.entity, offered.key))
        except ValueError as error:  # it costs this one its attempt, and not the batch
            return error
