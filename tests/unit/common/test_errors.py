"""The error tree: one answer each, and whole after a journey between processes."""

import pickle

import pytest

from common.errors import CarewireError, NotFound, RateLimited, Unavailable, error_of, error_types


@pytest.mark.parametrize("kind", list(error_types()))
def test_every_error_survives_a_pickle_round_trip(kind: type[CarewireError]) -> None:
    error = kind("Try again.", details={"field": "body"}, retry_after_s=1.5, room="r1")
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind
    assert (back.message, back.details, back.retry_after_s, back.context) == (
        "Try again.",
        {"field": "body"},
        1.5,
        {"room": "r1"},
    )


def test_context_never_reaches_the_client() -> None:
    wire = RateLimited("Slow down.", retry_after_s=2.0, user="alice").to_wire()
    assert wire == {"code": "rate_limited", "message": "Slow down.", "retry_after": 2.0}


def test_codes_are_unique_and_lead_back_to_their_class() -> None:
    codes = [kind.code for kind in error_types()]
    assert len(codes) == len(set(codes)) == 13
    assert all(type(error_of(kind.code, "x")) is kind for kind in error_types())
    assert type(error_of("no_such_code", "x")) is CarewireError


def test_retryable_errors_are_those_after_which_the_same_request_may_be_sent_again() -> None:
    assert Unavailable.retryable
    assert not NotFound.retryable
