"""The connector `jobs`: carries out the steps of long work. Its partner is Carewire itself."""

from collections.abc import Mapping
from typing import Final

import msgspec
from typing_extensions import override

from actors.jobs.activities import CONNECTOR, Step
from common.errors import CarewireError
from serve_app.activities.connector import FOR_EVER_S, Call, Capacity, Connector, Later, Refused, Unreadable
from serve_app.capabilities.connecting import JobWork

_pack: Final = msgspec.msgpack.Encoder().encode
_step: Final = msgspec.msgpack.Decoder(Step).decode


class JobsConnector(Connector):
    """See the module. Steps of several jobs go on side by side, two in a runner."""

    name = CONNECTOR
    capacity = Capacity(at_once=2)
    remembers_s = FOR_EVER_S

    def __init__(self, works: Mapping[str, JobWork]) -> None:
        self._works = works

    @override
    async def carry_out(self, call: Call) -> bytes:
        try:
            step = _step(call.payload)
            work = self._works[step.kind]
        except (msgspec.MsgspecError, KeyError) as error:
            raise Unreadable("This version does not know work of this kind.") from error
        try:
            return _pack(await work.step(step))
        except CarewireError as error:
            if error.retryable:
                raise Later(error.code, error.message, retry_after_s=error.retry_after_s, only_this=True) from error
            raise Refused(error.code, error.message) from error

    @override
    async def find(self, call: Call) -> None:
        """A step is done anew: it is idempotent."""

    @override
    async def close(self) -> None:
        """There is nobody to hang up on."""
