"""Long work on the index: begun in the search process, and looked after until it is over."""

import asyncio
from collections.abc import Iterable
from typing import Final

from actors.jobs.activities import Step, StepDone
from actors.jobs.commands import StartJob
from common.errors import FailedPrecondition
from common.timeline import DAY_MS
from config.settings import Settings
from serve_app.capabilities.connecting import Connectors, RunnerContext
from serve_app.capabilities.search.process.link import SearchLink
from serve_app.capabilities.search.process.questions import IndexerJob

_LOOKS: Final = 20
_PAUSE_S: Final = 0.25


class IndexWork:
    """Work of one kind (`connecting.JobWork`)."""

    def __init__(self, link: SearchLink, kind: str) -> None:
        self._link, self._kind = link, kind

    async def step(self, step: Step) -> StepDone:
        """See `JobWork.step`."""
        work = IndexerJob(kind=self._kind, job=f"{step.job} {step.started}", repair=bool(step.about.get("repair")))
        for _ in range(_LOOKS):
            state = await self._link.work(work)
            if state.failed:
                raise FailedPrecondition("The index could not be worked on; the log of the search process says why.")
            if state.result:
                return StepDone(cursor="", done=state.done, result=state.result)
            await asyncio.sleep(_PAUSE_S)
        return StepDone(cursor="on", done=max(state.done, step.done))


def _work(kind: str, context: RunnerContext) -> IndexWork:
    return IndexWork(SearchLink(context.database, context.settings.cluster.node_tls()), kind)


def _reindex(context: RunnerContext) -> IndexWork:
    return _work("reindex", context)


def _check(context: RunnerContext) -> IndexWork:
    return _work("check", context)


def _rotate(context: RunnerContext) -> IndexWork:
    return _work("rotate", context)


def _daily(_: Settings) -> Iterable[StartJob]:
    yield StartJob(kind="search_check", about={"repair": "yes"}, every_ms=DAY_MS)


CONNECTORS: Final = Connectors(
    feature="search",
    jobs={"search_reindex": _reindex, "search_check": _check, "search_rotate": _rotate},
    daily=_daily,
)
