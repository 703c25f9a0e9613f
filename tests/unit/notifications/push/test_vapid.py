"""The keys that browsers' services know us by."""

import base64

import jwt
import pytest

from serve_app.capabilities.notifications.connectors.vapid import VapidTokens, derived_key, keys_of

ONE = base64.urlsafe_b64encode(b"\x01" * 32).rstrip(b"=").decode()
HIGH = base64.urlsafe_b64encode(b"\xff" * 32).decode()
TWO = base64.urlsafe_b64encode(b"\x02" * 32).rstrip(b"=").decode()


def test_keys_are_read_in_their_order() -> None:
    new, old = keys_of(f"new:{ONE}, old:{TWO}")
    assert (new.id, old.id) == ("new", "old")
    assert len(new.public) == 65
    assert new.public[0] == 4
    assert ONE not in repr(new)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "new",
        f":{ONE}",
        f"new:{ONE},new:{TWO}",
        f"a b:{ONE}",
        "new:AAAA",
        f"new:{base64.urlsafe_b64encode(bytes(32)).decode()}",
        f"new:{HIGH}",
        "new:***",
    ],
)
def test_what_is_no_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="should") as refusal:
        keys_of(text)
    assert ONE not in str(refusal.value)


def test_an_installation_without_keys_has_always_the_same_one() -> None:
    assert derived_key(b"a" * 32).public == derived_key(b"a" * 32).public != derived_key(b"b" * 32).public


def test_a_token_is_for_one_service_and_a_day_at_most_and_is_made_anew_after_an_hour() -> None:
    now_s = 0.0
    (key,) = keys_of(f"k1:{ONE}")
    tokens = VapidTokens([key], "mailto:ops@carewire.test", lambda: 1_763_631_000_000, lambda: now_s)
    first = tokens.header("https://push.example", "") or ""
    token = first.removeprefix("vapid t=").partition(",")[0]
    claims = jwt.decode(
        token, key.private.public_key(), ["ES256"], audience="https://push.example", options={"verify_exp": False}
    )
    assert claims["sub"] == "mailto:ops@carewire.test"
    assert 0 < claims["exp"] - 1_763_631_000 <= 86_400
    assert first.endswith(f", k={key.public_text}")
    now_s = 3599.0
    assert tokens.header("https://push.example", "k1") == first
    assert tokens.header("https://other.example", "k1") != first
    now_s = 3600.0
    assert tokens.header("https://push.example", "") != first  # ECDSA signs with a new nonce
    assert tokens.header("https://push.example", "gone") is None
