"""A job: a row of steps, paused, gone on with, cancelled; each step counts once."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.jobs.activities import CONNECTOR, Step, StepDone
from actors.jobs.commands import BeginAgain, CancelJob, GetJob, JobCommand, PauseJob, ResumeJob, StartJob
from actors.jobs.job import JobEntity, step_key
from actors.jobs.kind import JOBS, JobKind
from actors.kernel.contract.activities import Answered, Outcome, Still
from actors.kernel.contract.entity import SYSTEM, Attach, Context, Principal, Recorded
from actors.kernel.history.codec import decode_effects
from common.errors import FailedPrecondition, NotFound, PermissionDenied
from tests.unit.rooms.harness import World, run

JOB = "job:job_1"
START = StartJob(kind="count")


@pytest.fixture
def world() -> World:
    return World(JobKind())


def asked(world: World) -> list[tuple[str, Step]]:
    """Every step that was ever owed."""
    owed = [one for turn in run(world.turns(JOB)) for one in decode_effects(turn).activities]
    assert {(one.connector, one.lane, one.owner) for one in owed} <= {(CONNECTOR, "steps", "")}
    steps = [(one.key, msgspec.msgpack.decode(one.payload, type=Step)) for one in owed]
    assert {step.job for _, step in steps} <= {"job_1"}
    return [(key, msgspec.structs.replace(step, job="", started=0)) for key, step in steps]


def answer(
    world: World, key: str, cursor: str = "", done: int = 0, *, outcome: Outcome = "done", code: str = ""
) -> None:
    """What became of a step reaches the job."""
    made = StepDone(cursor=cursor, done=done, total=10, result={"seen": done})
    result = msgspec.msgpack.encode(made) if outcome == "done" else b""
    world.ask(JOB, Answered(key=key, outcome=outcome, result=result, code=code), SYSTEM)


def job(world: World) -> Any:
    told = world.ask(JOB, GetJob(), SYSTEM)
    (view,) = world.views(JOBS)
    assert msgspec.json.decode(view.data) == told
    assert (view.id, view.fields["state"], view.fields["kind"]) == ("job_1", told["state"], "count")
    return told


def test_it_goes_on_step_by_step_from_where_it_stands_until_nothing_is_left(world: World) -> None:
    assert world.ask(JOB, START, SYSTEM)["state"] == "running"
    assert world.ask(JOB, START, SYSTEM)["step"] == 1
    answer(world, "step|1", "m", 4)
    world.passivate(JOB, snapshot=True)
    answer(world, "step|2", "z", 9)
    assert asked(world) == [
        ("step|1", Step(kind="count")),
        ("step|2", Step(kind="count", cursor="m", done=4, result={"seen": 4})),
        ("step|3", Step(kind="count", cursor="z", done=9, result={"seen": 9})),
    ]
    assert job(world)["ended"] is None
    answer(world, "step|3", "", 10)
    over = job(world)
    assert (over["state"], over["done"], over["total"], over["result"]) == ("done", 10, 10, {"seen": 10})
    assert over["ended"] == world.now_ms - 1000
    assert len(asked(world)) == 3


def test_a_step_that_was_done_twice_counts_once(world: World) -> None:
    world.ask(JOB, START, SYSTEM)
    answer(world, "step|1", "m", 4)
    answer(world, "step|1", "q", 7)
    assert (job(world)["done"], len(asked(world))) == (4, 2)


def test_paused_it_begins_no_step_and_what_was_under_way_counts(world: World) -> None:
    world.ask(JOB, START, SYSTEM)
    assert [world.ask(JOB, PauseJob(), SYSTEM)["state"] for _ in range(2)] == ["paused", "paused"]
    assert world.ask(JOB, Still(key="step|1", payload=b""), SYSTEM) is False
    answer(world, "step|1", "m", 4)
    assert (job(world)["state"], job(world)["done"], len(asked(world))) == ("paused", 4, 1)
    assert world.ask(JOB, ResumeJob(), SYSTEM)["state"] == "running"
    assert asked(world)[1:] == [("step|2", Step(kind="count", cursor="m", done=4, result={"seen": 4}))]
    assert world.ask(JOB, Still(key="step|2", payload=b""), SYSTEM) is True


def test_resumed_while_a_step_is_under_way_it_waits_for_that_one(world: World) -> None:
    world.ask(JOB, START, SYSTEM)
    world.ask(JOB, PauseJob(), SYSTEM)
    world.ask(JOB, ResumeJob(), SYSTEM)
    assert len(asked(world)) == 1
    answer(world, "step|1", "m", 4)
    assert len(asked(world)) == 2


@pytest.mark.parametrize("resumed_first", [True, False])
def test_a_step_that_was_dropped_while_paused_is_asked_for_again(world: World, resumed_first: bool) -> None:
    world.ask(JOB, START, SYSTEM)
    world.ask(JOB, PauseJob(), SYSTEM)
    if resumed_first:
        world.ask(JOB, ResumeJob(), SYSTEM)
    answer(world, "step|1", outcome="dropped", code="stale")
    if not resumed_first:
        assert len(asked(world)) == 1
        world.ask(JOB, ResumeJob(), SYSTEM)
    assert [key for key, _ in asked(world)] == ["step|1", "step|2"]
    assert job(world)["state"] == "running"


@pytest.mark.parametrize(
    ("outcome", "code", "error"),
    [("refused", "not_found", "not_found"), ("dropped", "", "dropped"), ("expired", "", "expired")],
)
def test_a_step_that_cannot_be_done_ends_it(world: World, outcome: Outcome, code: str, error: str) -> None:
    world.ask(JOB, START, SYSTEM)
    answer(world, "step|1", outcome=outcome, code=code)
    assert (job(world)["state"], job(world)["error"]) == ("failed", error)
    assert job(world)["ended"] is not None


def test_cancelled_it_is_over_and_what_still_comes_changes_nothing(world: World) -> None:
    world.ask(JOB, START, SYSTEM)
    answer(world, "step|1", "m", 4)
    over = world.ask(JOB, CancelJob(), SYSTEM)
    assert (over["state"], over["done"]) == ("cancelled", 4)
    assert world.ask(JOB, CancelJob(), SYSTEM) == over
    assert world.ask(JOB, Still(key="step|2", payload=b""), SYSTEM) is False
    answer(world, "step|2", "", 10)
    assert job(world) == over
    for command in (PauseJob(), ResumeJob()):
        with pytest.raises(FailedPrecondition):
            world.ask(JOB, command, SYSTEM)


DAILY = StartJob(kind="count", about={"of": "x"}, every_ms=86_400_000)


def timers(world: World) -> list[Any]:
    return [one for turn in run(world.turns(JOB)) for one in decode_effects(turn).timers]


@pytest.mark.parametrize("outcome", ["done", "refused"])
def test_a_daily_one_begins_again_a_day_after_it_began_and_once(world: World, outcome: Outcome) -> None:
    began = world.ask(JOB, DAILY, SYSTEM)["started"]
    answer(world, "step|1", "", 4, outcome=outcome, code="x")
    (timer,) = timers(world)
    assert timer.due_ms == began + DAILY.every_ms
    again = msgspec.msgpack.decode(timer.command, type=BeginAgain)
    world.now_ms = timer.due_ms
    following = world.ask(JOB, again, SYSTEM)
    assert following["state"] == "running"
    assert following["started"] >= timer.due_ms
    assert (following["done"], following["ended"], following["about"]) == (0, None, {"of": "x"})
    assert asked(world)[-1] == ("step|2", Step(kind="count", about={"of": "x"}))
    world.ask(JOB, again, SYSTEM)
    assert len(asked(world)) == 2
    answer(world, "step|2", "", 5)
    assert len(timers(world)) == 2


def test_a_cancelled_daily_one_is_over_for_good(world: World) -> None:
    began = world.ask(JOB, DAILY, SYSTEM)["started"]
    world.ask(JOB, CancelJob(), SYSTEM)
    assert timers(world) == []
    assert world.ask(JOB, BeginAgain(began), SYSTEM)["state"] == "cancelled"


def test_one_that_is_not_daily_has_no_further_round(world: World) -> None:
    began = world.ask(JOB, START, SYSTEM)["started"]
    answer(world, "step|1", "", 4)
    assert timers(world) == []
    assert world.ask(JOB, BeginAgain(began), SYSTEM)["state"] == "done"


@pytest.mark.parametrize("command", [START, GetJob(), PauseJob(), ResumeJob(), CancelJob(), Attach()])
def test_only_carewire_itself_speaks_to_it(world: World, command: msgspec.Struct) -> None:
    with pytest.raises(PermissionDenied):
        world.ask(JOB, command, Principal("root", "admin"))


@pytest.mark.parametrize("command", [GetJob(), PauseJob(), ResumeJob(), CancelJob()])
def test_one_that_has_not_begun_does_not_exist(world: World, command: msgspec.Struct) -> None:
    with pytest.raises(NotFound):
        world.ask(JOB, command, SYSTEM)


MOVES = st.lists(st.sampled_from(["pause", "resume", "done", "stale", "cancel"]), max_size=30)


@given(MOVES)
def test_while_it_runs_exactly_one_step_is_awaited(moves: list[str]) -> None:
    """Whatever comes in whatever order: never two, and never none, or it would stand still for ever."""
    entity, owed, kind = JobEntity("job_1"), [""], JobKind()
    context = Context(SYSTEM, 1)

    def take(decision: Any) -> None:
        for event in decision.events:
            entity.apply(event, 0, 0)
            owed.extend(one.key for one in kind.effects(JOB, Recorded(1, 0, 1, event), None).activities)

    take(entity.decide(START, context, 0))
    for move in moves:
        assert entity.job is not None
        last = owed[-1]
        if move == "done":
            made = msgspec.msgpack.encode(StepDone(cursor="x", done=1))
            take(entity.answered(Answered(key=last, outcome="done", result=made), context))
        elif move == "stale":
            take(entity.answered(Answered(key=last, outcome="dropped", code="stale"), context))
        elif entity.job.state in ("running", "paused"):
            commands: dict[str, JobCommand] = {"pause": PauseJob(), "resume": ResumeJob(), "cancel": CancelJob()}
            take(entity.decide(commands[move], context, 1))
        assert len(set(owed)) == len(owed)
        assert entity.job.pending or entity.job.state != "running"
        assert not entity.job.pending or owed[-1] == step_key(entity.job.step)
