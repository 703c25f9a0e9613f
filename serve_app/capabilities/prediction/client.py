"""The predictor as the routes see it. Imports neither the model nor torch.

A call through Serve costs its caller and its replica several milliseconds of a core each, ten times what the answer
itself costs. So requests that arrive while calls are on their way travel together in the next one: nothing waits while
the predictor is idle, and the busier it is the more of them share a call. Beside a call that
takes long, another leaves.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, cast

from ray.exceptions import RayError
from ray.serve.exceptions import BackPressureError, RayServeException
from ray.serve.handle import DeploymentHandle

from common.errors import CarewireError, Overloaded, Unavailable
from common.lib.batching import Batcher
from config.ml import MlSettings

RETRY_AFTER_S: Final = 0.5
BUNDLED: Final = "predict"  # the others are rare and may take long: they travel alone
LONG_S: Final = 0.05  # a call that has not returned by then gets company

Reply = dict[str, object]
Request = tuple[str, Reply]  # method and body


class PredictorClient:
    """The predictor as the routes see it, through a deployment handle. Used from one event loop at a time."""

    def __init__(self, handle: DeploymentHandle[Any], settings: MlSettings) -> None:
        self._handle, self._settings = handle, settings
        self._bundles: Batcher[Request, Reply | CarewireError] = Batcher(
            self._call,
            most=settings.bundle_size,
            wait_s=settings.bundle_wait_ms / 1000,
            at_once=settings.calls_in_flight,
            company_s=LONG_S,
        )

    async def ask(self, method: str, body: Reply) -> Reply:
        """The replica's answer.

        Raises:
            Overloaded: too many wait already.
            Unavailable: no answer in time.
        """
        if len(self._bundles) >= self._settings.max_waiting:
            raise _overloaded()
        if method == BUNDLED:
            reply = await self._bundled((method, body))
        else:
            (reply,) = await self._call([(method, body)])
        if isinstance(reply, CarewireError):
            raise reply
        return reply

    async def _bundled(self, request: Request) -> Reply | CarewireError:
        try:
            return await asyncio.wait_for(self._bundles.put(request), self._settings.deadline_s)
        except TimeoutError:
            return _unavailable()

    async def _call(self, bundle: Sequence[Request]) -> Sequence[Reply | CarewireError]:
        try:
            call = self._handle.ask_many.remote(list(bundle))
            return cast("list[Reply]", await asyncio.wait_for(call, self._settings.deadline_s))
        except BackPressureError:
            return [_overloaded() for _ in bundle]
        except (TimeoutError, RayError, RayServeException):
            return [_unavailable() for _ in bundle]


def _overloaded() -> Overloaded:
    return Overloaded("The symptom model is busy. Try again shortly.", retry_after_s=RETRY_AFTER_S)


def _unavailable() -> Unavailable:
    return Unavailable("The symptom model does not answer. Try again shortly.", retry_after_s=1.0)
