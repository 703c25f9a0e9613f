"""The connector `jobs`: what it cannot read is kept, what passes is tried again, what does not ends the job."""

import msgspec
import pytest

from actors.jobs.activities import Step, StepDone
from common.errors import CarewireError, NotFound, Unavailable
from serve_app.activities.connector import Call, Later, Refused, Unreadable
from serve_app.activities.keys import PartnerKey
from serve_app.capabilities.operations.connectors.jobs import JobsConnector


class Work:
    """Done with one step; or raises what it is told to."""

    def __init__(self, error: CarewireError | None = None) -> None:
        self._error = error

    async def step(self, step: Step) -> StepDone:
        if self._error is not None:
            raise self._error
        return StepDone(cursor="", done=step.done + 1)


def a_call(payload: bytes) -> Call:
    return Call(PartnerKey(bytes(16)), payload, "", 1, 0)


STEP = msgspec.msgpack.encode(Step(kind="work", done=4))


async def test_a_step_is_carried_out_by_the_work_of_its_kind() -> None:
    result = await JobsConnector({"work": Work()}).carry_out(a_call(STEP))
    assert msgspec.msgpack.decode(result, type=StepDone) == StepDone(cursor="", done=5)


@pytest.mark.parametrize(
    "payload", [b"", b"\xc0", msgspec.msgpack.encode({"kind": 7}), msgspec.msgpack.encode(Step(kind="of_tomorrow"))]
)
async def test_what_this_version_does_not_know_is_kept(payload: bytes) -> None:
    with pytest.raises(Unreadable):
        await JobsConnector({"work": Work()}).carry_out(a_call(payload))


async def test_what_passes_is_for_later_and_says_nothing_of_other_jobs() -> None:
    with pytest.raises(Later) as caught:
        await JobsConnector({"work": Work(Unavailable("Try again.", retry_after_s=7.0))}).carry_out(a_call(STEP))
    assert (caught.value.code, caught.value.retry_after_s, caught.value.only_this) == ("unavailable", 7.0, True)


async def test_what_does_not_pass_ends_the_job() -> None:
    with pytest.raises(Refused) as caught:
        await JobsConnector({"work": Work(NotFound("It is not there."))}).carry_out(a_call(STEP))
    assert caught.value.code == "not_found"
