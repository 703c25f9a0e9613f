"""The pure rules of identity: what revokes what, tickets, delays, codes of time."""

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.auth.keys import derive
from common.auth.revocations import Revocation, keys_of, revocation_refusal
from common.auth.tokens import Verified
from common.errors import TokenExpired, Unauthenticated
from config.settings import IdentitySettings
from serve_app.capabilities.identity.accounts.lockout import delay_ms
from serve_app.capabilities.identity.accounts.totp import matching_step, new_secret
from serve_app.capabilities.identity.sessions.tickets import Tickets

OWN = Verified("ada", "client", "d1", 10_000, "tok_1", 5_000, "ses_1", 2)
FOREIGN = Verified("ada", "client", "", 10_000, "j1", 5_000)


@pytest.mark.parametrize(
    ("verified", "revocation", "expected"),
    [
        (OWN, Revocation("ada", session="ses_1"), Unauthenticated),
        (OWN, Revocation("ada", session="ses_2"), None),
        (OWN, Revocation("eve", session="ses_1"), None),
        (OWN, Revocation("ada", token="tok_1"), Unauthenticated),
        (OWN, Revocation("ada", token="tok_2"), None),
        (OWN, Revocation("ada", epoch=3), TokenExpired),
        (OWN, Revocation("ada", epoch=2), None),
        (OWN, Revocation("ada", before_ms=9_000), None),  # ours go by session and epoch
        (OWN, Revocation("ada", blocked=True), Unauthenticated),
        (OWN, Revocation("eve", blocked=True), None),
        (FOREIGN, Revocation("ada", before_ms=5_000), TokenExpired),
        (FOREIGN, Revocation("ada", before_ms=4_999), None),
        (FOREIGN, Revocation("ada", epoch=9), None),
        (FOREIGN, Revocation("ada", session="ses_1"), None),
        (FOREIGN, Revocation("ada", token="j1"), Unauthenticated),
        (FOREIGN, Revocation("ada", blocked=True), Unauthenticated),
    ],
)
def test_a_revocation_is_about_what_it_names(
    verified: Verified, revocation: Revocation, expected: type[Unauthenticated] | None
) -> None:
    error = revocation_refusal(verified, revocation)
    assert (None if error is None else type(error)) is expected
    if expected is not None:
        assert revocation.key in keys_of(verified)  # the look-up finds it


def test_a_token_without_an_issue_time_is_as_old_as_can_be() -> None:
    assert revocation_refusal(Verified("ada", "client", "", 10_000, ""), Revocation("ada", before_ms=1)) is not None


def test_no_key_is_derived_from_nothing() -> None:
    with pytest.raises(ValueError, match="from a secret"):
        derive("", "index")
    assert derive("a", "index") != derive("a", "tickets")


def test_the_successor_of_a_ticket_is_one_and_only_the_key_tells_it() -> None:
    tickets, others = Tickets(b"k" * 32), Tickets(b"x" * 32)
    token, ticket = tickets.issue("ses_1", 7)
    following, next_ticket = tickets.successor(token)
    assert tickets.successor(token) == (following, next_ticket)
    assert (next_ticket.session, next_ticket.generation) == ("ses_1", 8)
    assert tickets.read(following) == next_ticket
    assert next_ticket.digest not in {ticket.digest, tickets.successor(tickets.issue("ses_1", 7)[0])[1].digest}
    with pytest.raises(Unauthenticated):
        others.successor(token)


def test_a_ticket_is_read_by_whoever_has_the_key_only() -> None:
    token, ticket = Tickets(b"k" * 32).issue("ses_1", 7)
    assert Tickets(b"k" * 32).read(token) == ticket
    with pytest.raises(Unauthenticated):
        Tickets(b"x" * 32).read(token)


@given(st.integers(0, 200), st.sampled_from("aB0_-.Ω"))
def test_a_ticket_with_another_character_is_refused(place: int, letter: str) -> None:
    tickets = Tickets(b"k" * 32)
    token, _ = tickets.issue("ses_1", 7)
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]
    if changed == token:
        return
    with pytest.raises(Unauthenticated):
        tickets.read(changed)


def test_a_device_is_known_to_its_own_account_only() -> None:
    tickets = Tickets(b"k" * 32)
    token = tickets.device_token("mail-1")
    assert tickets.known_device(token, "mail-1")
    assert tickets.known_device(token, "mail-2") is None
    assert [tickets.known_device(one, "mail-1") for one in (None, "", "rubbish", token[:-1])] == [None] * 4


def test_delays_double_from_the_last_free_attempt_to_the_longest() -> None:
    settings = IdentitySettings(first_delay_s=1, longest_delay_s=60)
    assert [delay_ms(n, 5, settings) for n in range(3, 13)] == [0, 0, *(1000 * 2**n for n in range(6)), 60_000, 60_000]
    assert delay_ms(10**9, 5, settings) == 60_000


def test_a_code_is_good_a_step_early_and_late_and_never_twice() -> None:
    secret, now_ms = new_secret(), 1_700_000_000_000
    step = now_ms // 30_000
    codes = {shift: pyotp.TOTP(secret).at((step + shift) * 30) for shift in range(-2, 3)}
    found = {shift: matching_step(secret, code, now_ms, after=0) for shift, code in codes.items()}
    assert found == {-2: None, -1: step - 1, 0: step, 1: step + 1, 2: None}
    assert matching_step(secret, codes[0], now_ms, after=step) is None
    assert matching_step(secret, "éééééé", now_ms, after=0) is None
