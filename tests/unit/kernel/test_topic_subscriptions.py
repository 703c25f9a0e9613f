"""What a channel hears: each version once, in order; whatever is missing is asked for anew."""

import random

import pytest

from actors.kernel.caller.subscriptions import TopicSubscriptions
from actors.kernel.contract.protocol import TopicDelivery


class Ear:
    """Subscriptions, and how often it woke its channel."""

    def __init__(self) -> None:
        self.wakes = 0
        self.subscriptions = TopicSubscriptions(self.wake)

    def wake(self) -> None:
        self.wakes += 1


def heard(subscriptions: TopicSubscriptions, *versions: int, topic: str = "room:a") -> list[int]:
    """Which of these deliveries are news."""
    return [one for one in versions if subscriptions.is_news(TopicDelivery(topic=topic, version=one, packet=b"packet"))]


def listening(version: int) -> Ear:
    """To `room:a`, from above this version."""
    ear = Ear()
    ear.subscriptions.joining("room:a")
    ear.subscriptions.subscribed("room:a", version)
    ear.subscriptions.join_over("room:a")
    return ear


def test_a_repeat_is_no_news_and_a_gap_is_asked_for_once() -> None:
    ear = listening(3)
    assert heard(ear.subscriptions, 3, 4, 4, 6, 7) == [4]
    assert ear.subscriptions.take_changes() == ([], {"room:a": 4})
    assert heard(ear.subscriptions, 8, 5, 6, 6) == [5, 6]
    assert not ear.subscriptions.has_changes
    assert ear.wakes == 1


def test_what_comes_before_the_answer_that_makes_us_listen_is_news() -> None:
    ear = Ear()
    assert heard(ear.subscriptions, 5) == []
    ear.subscriptions.joining("room:a")
    assert heard(ear.subscriptions, 5, 6) == [5, 6]
    ear.subscriptions.subscribed("room:a", 4)
    assert ear.subscriptions.topics == {"room:a": 6}


def test_a_command_that_fails_to_make_us_listen_leaves_a_word_to_forget() -> None:
    ear = Ear()
    ear.subscriptions.joining("room:a")
    ear.subscriptions.join_over("room:a")
    assert ear.subscriptions.take_changes() == (["room:a"], {})


def test_who_is_about_to_listen_is_not_unlistened() -> None:
    ear = listening(1)
    ear.subscriptions.joining("room:a")
    ear.subscriptions.unlisten("room:a")
    assert ear.subscriptions.topics == {"room:a": 1}
    ear.subscriptions.join_over("room:a")
    ear.subscriptions.unlisten("room:a")
    assert ear.subscriptions.topics == {}
    assert ear.subscriptions.take_changes() == (["room:a"], {})


def test_a_topic_that_moves_is_given_up_with_its_version_and_what_was_asked_about_it() -> None:
    ear = listening(2)
    ear.subscriptions.lost(["room:a", "room:b"])
    assert ear.subscriptions.moved(["room:a", "room:b"]) == {"room:a": 2}
    assert not ear.subscriptions.has_changes
    ear.subscriptions.take_over("room:a", 2)
    assert ear.subscriptions.begin() == {"room:a": 2}
    assert not ear.subscriptions.has_changes


@pytest.mark.parametrize("seed", range(20))
def test_over_a_line_that_loses_and_repeats_everything_is_heard_once_in_order(seed: int) -> None:
    chance, ear = random.Random(seed), listening(0)
    found: list[int] = []
    on_its_way = list(range(1, 51))
    for _ in range(1000):
        told = [one for one in on_its_way for _ in range(chance.choice((0, 1, 1, 2)))]
        found += heard(ear.subscriptions, *told)
        if not ear.subscriptions.has_changes and found[-1:] != [50]:
            ear.subscriptions.lost(["room:a"])  # the last ones went, so no gap shows it: the shard says so
        _, asked = ear.subscriptions.take_changes()
        on_its_way = list(range(asked.get("room:a", 50) + 1, 51))
    assert found == list(range(1, 51))
