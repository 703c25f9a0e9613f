"""What reading a bearer token costs the gateway, once a connection: `python -m loadtests.parts.bench_tokens`.

One process, no server. A token of ours as a login makes it (HS256, with session and epoch), read by `OwnTokens` and by
PyJWT alone, in turns; and the digest by which a token that comes again is recognised. CPU time, the best of the rounds
and their spread.
"""

import statistics
import time
from collections.abc import Callable

from common.auth.tokens import OWN_ALGORITHM, Expected, OwnTokens, mint, verify
from common.auth.verifier import digest_of

_SECRET = "a secret of at least thirty-two bytes, for benches only"
_CALLS, _ROUNDS = 2000, 9


def main() -> None:
    """Measure and print."""
    now_ms = time.time_ns() // 1_000_000
    expected = Expected()
    token = mint(_SECRET, user="alice", role="client", device="d1", now_ms=now_ms, ttl_s=900, session="ses_1")
    own = OwnTokens(_SECRET, expected)
    own.verify(token, now_ms=now_ms)
    ways: dict[str, Callable[[], object]] = {
        "own reading": lambda: own.verify(token, now_ms=now_ms),
        "PyJWT alone": lambda: verify(token, _SECRET, (OWN_ALGORITHM,), now_ms=now_ms, expected=expected),
        "seen before": lambda: digest_of(token),
    }
    rounds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(_ROUNDS):
        for name, way in ways.items():
            rounds[name].append(_cost_us(way))
    for name, costs in rounds.items():
        print(f"{name}: {min(costs):.1f} us (median {statistics.median(costs):.1f}, worst {max(costs):.1f})")


def _cost_us(way: Callable[[], object]) -> float:
    begun = time.process_time()
    for _ in range(_CALLS):
        way()
    return (time.process_time() - begun) / _CALLS * 1e6


if __name__ == "__main__":
    main()
