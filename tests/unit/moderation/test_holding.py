"""What leads out of a room is found, however it is written; what only looks like it is not."""

import time

import pytest

from ml.safety.holding import Holding

HOLDING = Holding(["blue lagoon"])
HELD = (
    ("add me on WhatsApp", "words"),
    ("w h a t s a p p me", "words"),
    ("wh4tsapp", "words"),
    ("whаtsapp", "words"),  # noqa: RUF001 # with a Cyrillic letter
    ("telegraaaam? whatsaaaapp", "words"),
    ("kill yourself", "words"),
    ("Blue LAGOON", "words"),
    ("my mail is ann@example.org", "email"),
    ("ann at example dot com", "email"),
    ("see https://x.y", "link"),
    ("hxxp://bad", "link"),
    ("example (dot) com", "link"),
    ("call +44 7700 900123", "phone"),
    ("0171 5551234", "phone"),
    ("zero one seven one five five five one two", "phone"),
    ("I live at 12 Baker Street", "address"),
    ("Hauptstraße 12", "address"),
    ("12 rue de la Paix", "address"),
    ("calle Mayor 5", "address"),
    ("10115 Berlin", "address"),
    ("SW1A 1AA", "address"),
)
LET = (
    "See you on 2026-11-29 at 10:30",
    "at 10.30 on 29.11.2026",
    "it costs 1,000,000 dollars or 1000000?",
    "my score was 21/27, I slept 7 hours",
    "we talked about the street where I grew up",
    "meet you there...ok",
    "I took 20 mg twice, 3 times a week for 12 days",
    "one two three and then four five",
    "hello!it was good, e.g. this",
)
ORDINARY = (
    "Thanks, that helped a lot. I tried the breathing exercise twice this week and it was easier the second time. My "
    "sister came along on Sunday, we went for a walk and I told her about the worksheet, ok?"
)


@pytest.mark.parametrize(("text", "kind"), HELD)
def test_what_leads_out_is_found(text: str, kind: str) -> None:
    assert kind in HOLDING.find(text)


@pytest.mark.parametrize("text", LET)
def test_what_only_looks_like_it_is_not(text: str) -> None:
    assert HOLDING.find(text) == ()


def test_an_ordinary_message_costs_little() -> None:
    """50 us of CPU are promised for 200 characters; the best of many looks, for the machine is not ours alone."""

    def look() -> float:
        began = time.thread_time()
        for _ in range(200):
            HOLDING.find(ORDINARY)
        return (time.thread_time() - began) / 200

    assert min(look() for _ in range(20)) < 100e-6
