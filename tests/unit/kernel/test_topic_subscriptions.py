"""What a lane hears: each version once, in order; whatever is missing is asked for anew."""

import random

import pytest

from actors.kernel.caller.subscriptions import TopicSubscriptions
from actors.kernel.contract.protocol import Delivery


class Ear:
    """A hearing, and how often it woke its lane."""

    def __init__(self) -> None:
        self.wakes = 0
        self.hearing = TopicSubscriptions(self.wake)

    def wake(self) -> None:
        self.wakes += 1


def heard(hearing: TopicSubscriptions, *versions: int, topic: str = "room:a") -> list[int]:
    """Which of these deliveries are news."""
    return [one for one in versions if hearing.is_news(Delivery(topic, one, b"packet"))]


def listening(version: int) -> Ear:
    """To `room:a`, from above this version."""
    ear = Ear()
    ear.hearing.joins("room:a")
    ear.hearing.listens("room:a", version)
    ear.hearing.joined("room:a")
    return ear


def test_a_repeat_is_no_news_and_a_gap_is_asked_for_once() -> None:
    ear = listening(3)
    assert heard(ear.hearing, 3, 4, 4, 6, 7) == [4]
    assert ear.hearing.word() == ([], {"room:a": 4})
    assert heard(ear.hearing, 8, 5, 6, 6) == [5, 6]
    assert not ear.hearing.has_word
    assert ear.wakes == 1


def test_what_comes_before_the_answer_that_makes_us_listen_is_news() -> None:
    ear = Ear()
    assert heard(ear.hearing, 5) == []
    ear.hearing.joins("room:a")
    assert heard(ear.hearing, 5, 6) == [5, 6]
    ear.hearing.listens("room:a", 4)
    assert ear.hearing.topics == {"room:a": 6}


def test_a_command_that_fails_to_make_us_listen_leaves_a_word_to_forget() -> None:
    ear = Ear()
    ear.hearing.joins("room:a")
    ear.hearing.joined("room:a")
    assert ear.hearing.word() == (["room:a"], {})


def test_who_is_about_to_listen_is_not_unlistened() -> None:
    ear = listening(1)
    ear.hearing.joins("room:a")
    ear.hearing.unlisten("room:a")
    assert ear.hearing.topics == {"room:a": 1}
    ear.hearing.joined("room:a")
    ear.hearing.unlisten("room:a")
    assert ear.hearing.topics == {}
    assert ear.hearing.word() == (["room:a"], {})


def test_a_topic_that_moves_is_given_up_with_its_version_and_what_was_asked_about_it() -> None:
    ear = listening(2)
    ear.hearing.lost(["room:a", "room:b"])
    assert ear.hearing.moved(["room:a", "room:b"]) == {"room:a": 2}
    assert not ear.hearing.has_word
    ear.hearing.hear("room:a", 2)
    assert ear.hearing.begin() == {"room:a": 2}
    assert not ear.hearing.has_word


@pytest.mark.parametrize("seed", range(20))
def test_over_a_line_that_loses_and_repeats_everything_is_heard_once_in_order(seed: int) -> None:
    chance, ear = random.Random(seed), listening(0)
    found: list[int] = []
    on_its_way = list(range(1, 51))
    for _ in range(1000):
        told = [one for one in on_its_way for _ in range(chance.choice((0, 1, 1, 2)))]
        found += heard(ear.hearing, *told)
        if not ear.hearing.has_word and found[-1:] != [50]:
            ear.hearing.lost(["room:a"])  # the last ones went, so no gap shows it: the shard says so
        _, asked = ear.hearing.word()
        on_its_way = list(range(asked.get("room:a", 50) + 1, 51))
    assert found == list(range(1, 51))
