"""The ports that the services of a kind need of the kernel and the store: as few as possible, so tests hand in
anything."""

from typing import Protocol, TypeVar

import msgspec

from actors.kernel.contract.answers import Reply
from actors.kernel.contract.commands import answer_to
from actors.kernel.contract.entity import Command, Principal
from store.ports.views import View, ViewQuery

R = TypeVar("R")


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

    async def ask(
        self,
        entity: str,
        command: Command[R],
        *,
        by: Principal,
        command_id: str | None = None,
        listen: bool = False,
        timeout_s: float | None = None,
        trace: str = "",
    ) -> R:
        """`submit`, with the answer decoded to the type that the command names."""
        reply = await self.submit(
            entity, command, by=by, command_id=command_id, listen=listen, timeout_s=timeout_s, trace=trace
        )
        return answer_to(command, reply.data)


class ViewFinder(Protocol):
    """Of the read models, only this (`store.ports.views.Views`)."""

    async def find(self, query: ViewQuery) -> list[View]:
        """See `store.ports.views.Views.find`."""
        ...
