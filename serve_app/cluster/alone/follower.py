"""The `Follower` deployment: reads what was said after it was stored (`serve_app.follower`)."""

from typing import Final

from common.lib.collector import calm_collector
from serve_app.capabilities.following import FollowerContext, open_consumers
from serve_app.cluster.alone.runtime import Runtime
from serve_app.cluster.spec import CarewireSpec
from serve_app.follower.follower import Follower
from serve_app.follower.metrics import FollowerMetrics

NAME: Final = "follower"


class FollowerReplica:
    """The one replica: Serve starts it, asks for its health, and lets it end."""

    async def __init__(self, recipe: CarewireSpec) -> None:  # type: ignore[misc] # Serve awaits it
        self._runtime = runtime = await Runtime.open(recipe, NAME)
        context = FollowerContext(
            settings=recipe.settings,
            clock=runtime.clock,
            region=runtime.region,
            stores=runtime.stores,
            database=runtime.database,
            kinds=runtime.kinds,
            root=runtime.root,
            registry=runtime.member.registry,
        )
        self._follower = Follower(
            consumers=open_consumers(context),
            kinds=runtime.kinds,
            database=runtime.database,
            stores=runtime.stores,
            clock=runtime.clock,
            feed=runtime.feed,
            metrics=FollowerMetrics(runtime.member.registry),
        )
        await self._follower.start()
        await runtime.member.join(self._follower.stats)
        calm_collector()

    async def check_health(self) -> None:
        """Serve asks now and then; answering at all is the answer."""

    async def __del__(self) -> None:
        """Close: the progress is stored, and the next life goes on from there."""
        await self._follower.stop()
        await self._runtime.close()
