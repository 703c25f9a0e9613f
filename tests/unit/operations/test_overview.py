"""What operators see of partners, put together from what shards and runners say."""

from serve_app.capabilities.operations.overview import overview

IDLE = {"breaker": "closed", "under_way": 0, "done_total": 3, "failed_total": 1, "last_error": ""}


def level(waiting: int = 0, parked: int = 0, dead: int = 0, oldest_s: float = 0.0) -> dict[str, object]:
    return {"waiting": waiting, "parked": parked, "dead": dead, "oldest_s": oldest_s}


def test_shards_and_runners_are_added_up() -> None:
    shards = [{"activities": {"email": level(1, 2, 0, 5.0)}}, {"activities": {"email": level(1, 0, 3, 9.0)}}]
    runners = [{"connectors": {"email": IDLE}}, {"connectors": {"email": IDLE}}]
    seen = overview(shards, runners)
    email = seen.connectors["email"]
    assert (email.status, email.breaker, email.waiting, email.parked, email.dead) == ("ok", "closed", 2, 2, 3)
    assert (email.done_total, email.failed_total, email.oldest_s) == (6, 2, 9.0)
    assert seen.runners == 2
    assert not seen.degraded


def test_one_open_breaker_is_the_connectors() -> None:
    broken = IDLE | {"breaker": "open", "last_error": "misconfigured: The password is wrong."}
    seen = overview([], [{"connectors": {"email": IDLE}}, {"connectors": {"email": broken}}])
    assert (seen.connectors["email"].status, seen.connectors["email"].breaker) == ("degraded", "open")
    assert seen.connectors["email"].last_error == broken["last_error"]
    assert seen.degraded


def test_what_waits_for_nobody_is_unserved() -> None:
    seen = overview([{"activities": {"email": level(1)}}], [{"connectors": {}}])
    assert seen.connectors["email"].status == "unserved"
    assert seen.degraded
    assert not overview([{"activities": {"email": level(0, 0, 0)}}], []).degraded


def test_letters_are_carried_by_the_shards_themselves() -> None:
    seen = overview([{"activities": {"letters": level(0, 0, 1)}}], [])
    assert seen.connectors["letters"].status == "ok"


def test_processes_that_say_nothing_of_activities_are_none_of_them() -> None:
    assert overview([{"entities": 3}], [{"uptime_s": 1}]).connectors == {}
