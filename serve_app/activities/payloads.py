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
        self._batches = Batcher(self._open)

    async def open(self, offered: Offered) -> bytes | None:
        """The payload, in the clear. None: its owner was erased.

        Raises:
            Unavailable: the keys cannot be read.
            ValueError: it was altered, or belongs elsewhere.
        """
        if not offered.owner:
            return offered.payload
        await self._batches.put(offered.payload)
        return self._vault.open(offered.payload, activity_place(offered.entity, offered.key))

    async def _open(self, sealed: Sequence[bytes]) -> Sequence[None]:
        await self._vault.unlock(sealed, anew=True)
        return [None] * len(sealed)
