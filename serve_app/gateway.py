"""The `Gateway` deployment: a Socket.IO front, connected to the shards."""

from serve_app.member import Member
from serve_app.recipe import CarewireRecipe


class GatewayReplica:
    """One replica: Serve starts it, asks for its health, and lets it drain before it ends."""

    async def __init__(self, recipe: CarewireRecipe) -> None:
        self._member = Member("gateway", recipe.settings)
        await self._member.join(lambda: {"sockets": 0})

    async def __del__(self) -> None:
        await self._member.leave()
