"""The predictor as the routes see it. Imports neither the model nor torch.

A call through Serve costs its caller and its replica several milliseconds of a core each, ten times what the answer
itself costs. So requests that arrive while calls are on their way travel together in the next one: nothing waits while
the predictor is idle, and the busier it is the more of them share a call. Beside a call that
takes long, another leaves.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from ray.exceptions import RayError
from ray.serve.exceptions import BackPressureError, RayServeException
from ray.serve.handle import DeploymentHandle

from common.errors import CarewireError, Overloaded, Unavailable
from config.ml import MlSettings

RETRY_AFTER_S: Final = 0.5
BUNDLED: Final = "predict"  # the others are rare and may take long: they travel alone
LONG_S: Final = 0.05  # a call that has not returned by then gets company

Reply = dict[str, object]


@dataclass(slots=True)
class _Waiting:
    """One request on its way, and where its answer goes."""

    method: str
    body: Reply
    answer: asyncio.Future[Reply]


class PredictorClient:
    """The predictor as the routes see it, through a deployment handle. Used from one event loop at a time."""

    def __init__(self, handle: DeploymentHandle[Any], settings: MlSettings) -> None:
        self._handle, self._settings = handle, settings
        self._waiting: deque[_Waiting] = deque()
        self._senders: set[asyncio.Task[None]] = set()

    async def ask(self, method: str, body: Reply) -> Reply:
        """The replica's answer.

        Raises:
            Overloaded: too many wait already.
            Unavailable: no answer in time.
        """
        if len(self._waiting) >= self._settings.max_waiting:
            raise _overloaded()
        one = _Waiting(method, body, asyncio.get_running_loop().create_future())
        if method != BUNDLED:
            _deliver([one], await self._call([one]))
            return one.answer.result()
        self._waiting.append(one)
        if len(self._senders) < self._settings.calls_in_flight:
            sender = asyncio.create_task(self._send(delay_s=len(self._senders) * LONG_S))
            self._senders.add(sender)
            sender.add_done_callback(self._senders.discard)
        try:
            return await asyncio.wait_for(one.answer, self._settings.deadline_s)
        except TimeoutError as exc:
            raise _unavailable() from exc

    async def _send(self, *, delay_s: float) -> None:
        """Carry what waits, a bundle at a time, until nothing does. Who has given up is not carried.

        Only the first call after a lull leaves at once; the next let a bundle gather.
        """
        while self._waiting:
            if delay_s and len(self._waiting) < self._settings.bundle_size:
                await asyncio.sleep(delay_s)
            delay_s = self._settings.bundle_wait_ms / 1000
            bundle: list[_Waiting] = []
            while self._waiting and len(bundle) < self._settings.bundle_size:
                one = self._waiting.popleft()
                if not one.answer.done():
                    bundle.append(one)
            if bundle:
                _deliver(bundle, await self._call(bundle))

    async def _call(self, bundle: Sequence[_Waiting]) -> Sequence[Reply | CarewireError]:
        try:
            call = self._handle.ask_many.remote([(one.method, one.body) for one in bundle])
            return cast(list[Reply], await asyncio.wait_for(call, self._settings.deadline_s))
        except BackPressureError:
            return [_overloaded() for _ in bundle]
        except (TimeoutError, RayError, RayServeException):
            return [_unavailable() for _ in bundle]


def _deliver(bundle: Sequence[_Waiting], replies: Sequence[Reply | CarewireError]) -> None:
    for one, reply in zip(bundle, replies, strict=True):
        if one.answer.done():
            continue
        if isinstance(reply, CarewireError):
            one.answer.set_exception(reply)
        else:
            one.answer.set_result(reply)


def _overloaded() -> Overloaded:
    return Overloaded("The symptom model is busy. Try again shortly.", retry_after_s=RETRY_AFTER_S)


def _unavailable() -> Unavailable:
    return Unavailable("The symptom model does not answer. Try again shortly.", retry_after_s=1.0)
