"""What the services of a kind need of the kernel and the store: as little as that, so tests hand in anything."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from actors.kernel.contract.answers import Reply
from actors.kernel.contract.entity import Principal
from store.ports.views import View


class EntityClient(Protocol):
    """The caller's side of the shards (`actors.kernel.caller.region.Region`)."""

    async def submit(
        self,
        entity: str,
        command: msgspec.Struct,
        *,
        by: Principal,
        command_id: str | None = None,
        listen: bool = False,
        timeout_s: float | None = None,
        trace: str = "",
    ) -> Reply:
        """Raises CarewireError: the entity refused, or nobody answered in time."""
        ...


class ViewFinder(Protocol):
    """Of the read models, only this (`store.ports.journal.Views`)."""

    async def find(
        self,
        collection: str,
        equal: Mapping[str, str | int | bool | None],
        *,
        order_by: str,
        above: int | str | None = None,
        below: int | str | None = None,
        descending: bool = False,
        limit: int,
    ) -> list[View]:
        """See `store.ports.journal.Views.find`."""
        ...
