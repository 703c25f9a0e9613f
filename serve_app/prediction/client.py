"""The predictor as the routes see it. Imports neither the model nor torch."""

import asyncio
from typing import Any, Final, cast

from ray.exceptions import RayError
from ray.serve.exceptions import BackPressureError, RayServeException
from ray.serve.handle import DeploymentHandle

from config.errors import Overloaded, Unavailable

RETRY_AFTER_S: Final = 0.5


class PredictorClient:
    """The predictor as the routes see it, through a deployment handle."""

    def __init__(self, handle: DeploymentHandle[Any], deadline_s: float) -> None:
        self._handle, self._deadline_s = handle, deadline_s

    async def ask(self, method: str, body: dict[str, object]) -> dict[str, object]:
        """The replica's answer.

        Raises:
            Overloaded: too many wait already.
            Unavailable: no answer in time.
        """
        try:
            reply = await asyncio.wait_for(self._ask(method, body), self._deadline_s)
        except BackPressureError as exc:
            raise Overloaded("The symptom model is busy. Try again shortly.", retry_after_s=RETRY_AFTER_S) from exc
        except (TimeoutError, RayError, RayServeException) as exc:
            raise Unavailable("The symptom model does not answer. Try again shortly.", retry_after_s=1.0) from exc
        return reply

    async def _ask(self, method: str, body: dict[str, object]) -> dict[str, object]:
        return cast(dict[str, object], await self._handle.ask.remote(method, body))
