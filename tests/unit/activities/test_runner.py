"""The runner, in virtual time: what it takes, what it tells, and what it does not do."""

import asyncio

import pytest

from actors.kernel.effects.activities.activity_ids import text_of
from config.activities import ActivitySettings
from serve_app.activities.connector import Capacity, Erased, Later, Misconfigured, Refused, Unreadable
from tests.unit.activities.rig import Entities, FakeShard, LoopClock, Post, Rig, StoppedClock, an_offer


async def test_an_activity_is_carried_out_and_its_entity_hears_it_once() -> None:
    async with Rig() as rig:
        rig.shard.put(an_offer(1))
        await asyncio.sleep(1)
    (call,) = rig.post.calls
    assert call[1:] == (text_of(an_offer(1).id), b"1")
    answered = rig.entities.answers["mail|1"]
    assert (answered.outcome, answered.result, answered.attempts) == ("done", b"receipt 1", 1)
    assert rig.entities.heard == 1
    assert rig.shard.reports == []


async def test_no_more_is_asked_for_than_may_be_under_way() -> None:
    async with Rig(post=Post(capacity=Capacity(at_once=3), takes_s=0.5)) as rig:
        rig.shard.put(*map(an_offer, range(20)))
        await asyncio.sleep(0.4)
        assert len(rig.shard.given) <= 3
        await asyncio.sleep(10)
    assert rig.post.most_under_way == 3
    assert len(rig.entities.answers) == 20


async def test_several_shards_are_asked_at_the_same_time() -> None:
    shards = [FakeShard(f"care-{number}") for number in range(3)]
    async with Rig(shards) as rig:
        await asyncio.sleep(0.1)
        for number, shard in enumerate(shards):
            shard.put(*(an_offer(10 * number + one) for one in range(10)))
        await asyncio.sleep(5)
    assert len(rig.entities.answers) == 30
    assert rig.post.most_under_way == 4


async def test_a_rate_is_kept() -> None:
    async with Rig(post=Post(capacity=Capacity(at_once=50, per_s=5, burst=1), takes_s=0.001)) as rig:
        rig.shard.put(*map(an_offer, range(10)))
        await asyncio.sleep(1.05)
        assert len(rig.post.calls) in (5, 6)
        await asyncio.sleep(2)
    assert len(rig.post.calls) == 10


async def test_codes_go_before_a_broadcast() -> None:
    async with Rig(post=Post(capacity=Capacity(at_once=4), takes_s=0.1)) as rig:
        rig.shard.put(*(an_offer(number, urgency="bulk") for number in range(4)))
        await asyncio.sleep(0.05)
        rig.shard.put(an_offer(100, urgency="now"))
        await asyncio.sleep(0.4)
        assert b"100" in rig.post.done


async def test_a_failure_is_reported_with_the_moment_of_the_next_attempt() -> None:
    async with Rig() as rig:
        rig.post.script.append(Later("unreachable", "The server cannot be reached."))
        rig.shard.put(an_offer(1, attempts=2))
        await asyncio.sleep(1)
    (report,) = rig.shard.reports
    assert (report.verdict, report.code, report.attempts) == ("retry", "unreachable", 3)
    assert report.due_ms == pytest.approx(10 + 0.5 * 2_000, abs=20)  # the third ceiling is two seconds
    assert rig.entities.heard == 0


async def test_what_takes_longer_than_a_shard_keeps_it_is_parked() -> None:
    async with Rig() as rig:
        rig.post.script.append(Later("busy", "Later.", retry_after_s=60.0))
        rig.shard.put(an_offer(1))
        await asyncio.sleep(1)
    (report,) = rig.shard.reports
    assert report.verdict == "park"
    assert report.due_ms is not None
    assert report.due_ms >= 60_000


@pytest.mark.parametrize(
    ("end", "outcome", "code"),
    [
        (Refused("address_refused", "No such address."), "refused", "address_refused"),
        (Erased(), "erased", ""),
    ],
)
async def test_what_ends_it_for_good_is_told_to_the_entity(end: Exception, outcome: str, code: str) -> None:
    async with Rig() as rig:
        rig.post.script.append(end)
        rig.shard.put(an_offer(1))
        await asyncio.sleep(1)
    answered = rig.entities.answers["mail|1"]
    assert (answered.outcome, answered.code) == (outcome, code)
    assert rig.shard.reports == []


async def test_what_cannot_be_read_is_dead_and_not_a_loop() -> None:
    async with Rig() as rig:
        rig.post.script.append(Unreadable("Of another version."))
        rig.shard.put(an_offer(1))
        await asyncio.sleep(1)
    (report,) = rig.shard.reports
    assert (report.verdict, report.code) == ("dead", "unreadable")


async def test_a_fault_of_the_connector_is_tried_again_and_then_dead() -> None:
    async with Rig() as rig:
        rig.post.script.extend([RuntimeError("a name"), RuntimeError("a name")])
        rig.shard.put(an_offer(1), an_offer(2, attempts=4))
        await asyncio.sleep(1)
    verdicts = {report.id: (report.verdict, report.code, report.message) for report in rig.shard.reports}
    told = "The connector failed (RuntimeError)."
    assert verdicts == {an_offer(1).id: ("retry", "internal", told), an_offer(2).id: ("dead", "internal", told)}


async def test_who_was_erased_is_sent_nothing() -> None:
    async with Rig() as rig:
        rig.keys.erased.add("usr_1")
        rig.shard.put(an_offer(1))
        await asyncio.sleep(1)
    assert rig.post.calls == []
    assert rig.entities.answers["mail|1"].outcome == "erased"


async def test_past_its_deadline_nothing_is_sent() -> None:
    async with Rig() as rig:
        await asyncio.sleep(2)
        rig.shard.put(an_offer(1, deadline_ms=1_999), an_offer(2, deadline_ms=60_000))
        await asyncio.sleep(1)
    assert [payload for _, _, payload in rig.post.calls] == [b"2"]
    assert rig.entities.answers["mail|1"].outcome == "expired"


async def test_a_call_does_not_go_on_beyond_the_deadline() -> None:
    async with Rig(post=Post(takes_s=10.0)) as rig:
        rig.shard.put(an_offer(1, deadline_ms=3_000))
        await asyncio.sleep(4)
    assert rig.post.done == []


@pytest.mark.parametrize(("deadline_ms", "breaker"), [(3_000, "closed"), (60_000, "open")])
async def test_only_who_had_the_time_of_a_whole_call_has_failed(deadline_ms: int, breaker: str) -> None:
    settings = ActivitySettings(breaker_failures=2)
    async with Rig(settings=settings, post=Post(capacity=Capacity(call_s=5.0), takes_s=10.0)) as rig:
        rig.shard.put(*(an_offer(number, deadline_ms=deadline_ms) for number in range(4)))
        await asyncio.sleep(6)
        assert len(rig.post.calls) == 4
        assert rig.runner.stats()["connectors"]["post"]["breaker"] == breaker  # type: ignore[index]


async def test_what_is_not_true_any_more_is_dropped_instead_of_sent() -> None:
    async with Rig() as rig:
        rig.entities.holds = False
        rig.shard.put(an_offer(1, ask=True))
        await asyncio.sleep(1)
        assert rig.entities.answers["mail|1"].outcome == "dropped"
        assert rig.post.calls == []
        rig.shard.put(an_offer(2))  # the twin: who does not ask, sends it
        await asyncio.sleep(1)
    assert rig.post.done == [b"2"]


async def test_no_call_begins_that_could_outlast_its_time() -> None:
    async with Rig(post=Post(capacity=Capacity(at_once=1, call_s=20.0), takes_s=15.0)) as rig:
        rig.shard.put(an_offer(1, until_ms=25_000), an_offer(2, until_ms=25_000))
        await asyncio.sleep(70)
    began = [at for at, _, _ in rig.post.calls]
    assert len(began) == 2  # the second was asked for when there was room for it


async def test_a_call_that_outlasts_its_time_is_cancelled() -> None:
    async with Rig(post=Post(capacity=Capacity(call_s=20.0), takes_s=100.0)) as rig:
        rig.shard.put(an_offer(1))
        await asyncio.sleep(21)
        assert rig.post.under_way == 0
    (report,) = rig.shard.reports
    assert (report.verdict, report.code) == ("park", "timeout")


async def order_of_a_lane(zombie: Rig) -> list[bytes]:
    """What the partner did, in which order, when a runner is slow with the first of a lane: it has had it for 44 s
    before it could begin, and a call takes 30 s. After 60 s the shard gives it to another runner, and then the next."""
    first, second = an_offer(1), an_offer(2)
    other = Rig([FakeShard("care-2")], post=Post(capacity=Capacity(call_s=20.0), takes_s=0.1))
    other.post.done = zombie.post.done  # one partner
    async with zombie, other:
        await asyncio.sleep(0.1)
        zombie.shards[0].put(an_offer(0))
        zombie.shards[1].put(first)
        zombie.post.takes_s = 44.0
        await asyncio.sleep(1.0)
        zombie.post.takes_s = 30.0
        await asyncio.sleep(59.0)
        other.shard.put(first)
        await asyncio.sleep(1.0)
        other.shard.put(second)
        await asyncio.sleep(20.0)
    return zombie.post.done


def a_slow_one(clock: LoopClock) -> Rig:
    shards = [FakeShard("care-0"), FakeShard("care-1")]
    return Rig(shards, post=Post(capacity=Capacity(at_once=1, call_s=45.0), takes_s=44.0), clock=clock)


async def test_by_its_own_clock_a_slow_runner_overtakes_nobody_in_a_lane() -> None:
    done = await order_of_a_lane(a_slow_one(LoopClock()))
    assert done == [b"0", b"1", b"2"]


async def test_without_its_own_clock_it_would() -> None:
    """The twin: what the clock is for."""
    done = await order_of_a_lane(a_slow_one(StoppedClock()))
    assert done[-2:] == [b"2", b"1"]


async def test_an_answer_is_told_again_until_the_entity_has_it() -> None:
    async with Rig() as rig:
        rig.entities.away = True
        rig.shard.put(an_offer(1))
        await asyncio.sleep(25)
        rig.shard.put(an_offer(1))  # its time is over, so the shard gives it again
        await asyncio.sleep(5)
        rig.entities.away = False
        await asyncio.sleep(15)
    assert len(rig.post.calls) == 1  # what was done is not done again
    assert rig.entities.answers["mail|1"].outcome == "done"


async def test_after_failures_in_a_row_the_partner_is_left_alone_and_then_asked_once() -> None:
    settings = ActivitySettings(breaker_failures=3, breaker_pause_s=10.0)
    async with Rig(settings=settings, post=Post(capacity=Capacity(at_once=1))) as rig:
        rig.post.script.extend(Later("unreachable", "Gone.") for _ in range(4))
        rig.shard.put(*map(an_offer, range(8)))
        await asyncio.sleep(9)
        assert len(rig.post.calls) == 3
        assert rig.runner.stats()["connectors"]["post"]["breaker"] == "open"  # type: ignore[index]
        await asyncio.sleep(3)
        assert len(rig.post.calls) == 4  # one, which fails
        await asyncio.sleep(9)
        assert len(rig.post.calls) >= 8 - 4 + 4
    assert sorted(rig.post.done) == [b"4", b"5", b"6", b"7"]


async def test_an_open_breaker_asks_for_nothing_and_gives_back_what_it_has() -> None:
    shards = [FakeShard("care-0"), FakeShard("care-1")]
    async with Rig(shards, post=Post(capacity=Capacity(at_once=2), takes_s=0.5)) as rig:
        await asyncio.sleep(0.1)
        rig.post.script.append(Misconfigured("The password is wrong."))
        for number, shard in enumerate(shards):
            shard.put(*(an_offer(10 * number + one) for one in range(5)))
        await asyncio.sleep(3)
        assert rig.runner.stats()["connectors"]["post"]["last_error"]  # type: ignore[index]
        before = len(rig.post.calls)
        taken = [len(shard.given) for shard in shards]
        await asyncio.sleep(5)
        assert [len(shard.given) for shard in shards] == taken
        assert len(rig.post.calls) == before
        handled = {report.id for shard in shards for report in shard.reports} | {
            id_ for shard in shards for id_ in shard.returned
        }
        given = {id_ for shard in shards for id_ in shard.given}
        assert len(given - handled) == before - 1  # all but those that were carried out


async def test_one_failing_address_does_not_stop_the_others() -> None:
    async with Rig() as rig:
        rig.post.script.extend(Later("not_now", "Full.", only_this=True) for _ in range(20))
        rig.shard.put(*map(an_offer, range(25)))
        await asyncio.sleep(5)
    assert len(rig.post.calls) == 25
    assert len(rig.post.done) == 5


async def test_when_the_line_is_cut_what_it_brought_is_ours_no_more() -> None:
    async with Rig(post=Post(takes_s=5.0)) as rig:
        rig.shard.put(an_offer(1), an_offer(2))
        await asyncio.sleep(1)
        assert rig.post.under_way == 2
        rig.shard.cut()
        await asyncio.sleep(1)
        assert rig.post.under_way == 0
        rig.shard.gone = False
        rig.shard.put(an_offer(1), an_offer(2))  # the shard gives them again
        await asyncio.sleep(7)
    assert sorted(rig.post.done) == [b"1", b"2"]
    assert rig.entities.heard == 2


async def test_what_a_shard_did_not_hear_is_said_again() -> None:
    async with Rig() as rig:
        rig.post.script.append(Later("unreachable", "Gone."))
        rig.shard.put(an_offer(1))
        await asyncio.sleep(0.011)
        rig.shard.gone = True
        await asyncio.sleep(2)
        rig.shard.gone = False
        await asyncio.sleep(2)
    assert [report.id for report in rig.shard.reports] == [an_offer(1).id]


async def test_a_runner_that_leaves_finishes_what_it_began_and_gives_back_the_rest() -> None:
    rig = Rig(post=Post(capacity=Capacity(at_once=2), takes_s=1.0))
    await rig.runner.start()
    rig.shard.put(*map(an_offer, range(2)))
    await asyncio.sleep(0.5)
    rig.shard.put(*map(an_offer, range(2, 6)))
    await rig.runner.close(within_s=5.0)
    assert sorted(rig.entities.answers) == ["mail|0", "mail|1"]
    assert len(rig.shard.given) - len(rig.shard.returned) == 2
    assert rig.post.closed


async def test_what_does_not_end_before_a_runner_leaves_is_given_back_by_name() -> None:
    """Its partner is slow, or its entity is away: the shard must not take it for what the runner died of."""
    slow, untold = Rig(post=Post(takes_s=15.0)), Rig(entities=Entities(away=True))
    for rig in (slow, untold):
        await rig.runner.start()
        rig.shard.put(an_offer(1), an_offer(2))
        await asyncio.sleep(1)
        await rig.runner.close(within_s=0.5)
        assert sorted(rig.shard.returned) == sorted([an_offer(1).id, an_offer(2).id])
        assert rig.post.under_way == 0


async def test_a_stored_failure_is_looked_for_and_tried_under_the_next_key() -> None:
    async with Rig() as rig:
        rig.post.script.append(Later("failing", "Stored.", stored=True))
        rig.shard.put(an_offer(1))
        await asyncio.sleep(1)
    first = text_of(an_offer(1).id)
    assert [key for _, key, _ in rig.post.calls] == [first, f"{first}-2"]
    assert rig.entities.answers["mail|1"].outcome == "done"


async def test_where_the_partner_forgets_keys_it_is_looked_for_first() -> None:
    async with Rig() as rig:
        rig.post.remembers_s = 10.0
        rig.post.found[text_of(an_offer(1).id)] = b"found"
        await asyncio.sleep(11)
        rig.shard.put(an_offer(1, attempts=1), an_offer(2, attempts=1), an_offer(3))
        await asyncio.sleep(1)
    assert rig.entities.answers["mail|1"].result == b"found"
    assert sorted(rig.post.done) == [b"2", b"3"]


async def test_it_is_looked_for_though_no_attempt_was_ever_reported() -> None:
    """The runner that tried it died before it could say so."""
    async with Rig() as rig:
        rig.post.remembers_s = 10.0
        rig.post.found[text_of(an_offer(1).id)] = b"found"
        await asyncio.sleep(11)
        rig.shard.put(an_offer(1, attempts=0))
        await asyncio.sleep(1)
    assert rig.entities.answers["mail|1"].result == b"found"
    assert rig.post.calls == []


async def test_an_idle_runner_asks_seldom() -> None:
    async with Rig() as rig:
        await asyncio.sleep(60)
    assert len(rig.shard.requests) <= 14  # a long poll lasts five seconds
