"""The verifier of tokens: ours (HS256), or those of an issuer whose keys are published (JWKS: RS256, ES256).

The algorithm decides which key is used, and each key is used with its own algorithms only: a token signed with HS256
and a public key as the secret, or with no algorithm at all, is refused.
"""

import asyncio
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Final, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from common.auth.tokens import (
    ISSUER_ALGORITHMS,
    MAX_TOKEN_CHARS,
    OWN_ALGORITHM,
    Expected,
    OwnTokens,
    Verified,
    check_expiry,
    header_of,
    verify,
)
from common.clock import Clock
from common.errors import Unauthenticated, Unavailable
from common.lib.cache import BoundedCache
from common.logs import get_logger

log = get_logger(__name__)

REFRESH_S: Final = 300.0  # keys this old are fetched again, while the old ones go on serving
STALE_S: Final = 3600.0  # keys older than this are not believed any more
COOLDOWN_S: Final = 10.0  # between two fetches: an unknown key id must not become a request each
FEWEST_RSA_BITS: Final = 2048  # RFC 7518, sections 3.3 and 3.5: keys for RS256 must not be smaller
_KNOWN: Final = 10_000  # tokens of ours, at most, that are not verified again when they come again


class Jwks:
    """The published keys of an issuer. Fetched off the event loop, cached, and fetched again when they rotate."""

    def __init__(self, url: str, clock: Clock, *, timeout_s: float = 5.0, cooldown_s: float = COOLDOWN_S) -> None:
        """`url`: http(s). Raises `jwt.PyJWKClientError` when it is not."""
        self._client = jwt.PyJWKClient(url, cache_jwk_set=False, timeout=timeout_s)
        self._clock = clock
        self._cooldown_s = cooldown_s
        self._keys: Sequence[jwt.PyJWK] = ()
        self._fetched_s = float("-inf")
        self._tried_s = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, kid: str, alg: str) -> jwt.PyJWK:
        """The key with this id, for this algorithm. Without an id (RFC 7515, 4.1.4: optional): the only key that fits.

        Raises:
            Unauthenticated: the issuer publishes no such key, or without an id several that fit.
            Unavailable: the issuer does not answer, and what it said last is too old.
        """
        known = self._known(kid, alg)
        if not known or self._age_s() > REFRESH_S:
            fetching = self._fetch()
            if not known and fetching is not None:
                await asyncio.shield(fetching)
                known = self._known(kid, alg)
        if len(known) == 1:
            return known[0]
        if self._age_s() >= STALE_S:
            raise Unavailable("Sign-in cannot be checked right now. Try again.", retry_after_s=self._cooldown_s)
        reason = "several_keys" if known else "unknown_key"
        raise Unauthenticated("The token is not valid. Sign in again.", reason=reason)

    def _known(self, kid: str, alg: str) -> Sequence[jwt.PyJWK]:
        """The keys that fit. Ids need not be unique among keys of different types (RFC 7517, 4.5). A key of this id for
        another algorithm fits as well when it is alone: PyJWT refuses it, and says why."""
        if self._age_s() >= STALE_S:
            return ()
        fitting = [key for key in self._keys if key.algorithm_name == alg and kid in ("", key.key_id)]
        return fitting or [key for key in self._keys if kid and key.key_id == kid]

    def _age_s(self) -> float:
        return self._clock.monotonic_s() - self._fetched_s

    def _fetch(self) -> asyncio.Task[None] | None:
        """The fetch under way, or a new one; None while it is too early for another."""
        if self._fetching is not None:
            return self._fetching
        now_s = self._clock.monotonic_s()
        if now_s - self._tried_s < self._cooldown_s:
            return None
        self._tried_s = now_s
        self._fetching = asyncio.get_running_loop().create_task(self._load())
        return self._fetching

    async def _load(self) -> None:
        try:
            published = await asyncio.to_thread(self._client.get_jwk_set)
            self._keys = [key for key in published.keys if key.public_key_use in ("sig", None) and _is_strong(key)]
            self._fetched_s = self._clock.monotonic_s()
        except Exception as error:  # a broken answer of theirs is an outage of theirs, whatever it breaks  # noqa: BLE001
            log.warning("auth.jwks_failed", error=type(error).__name__)
        finally:
            self._fetching = None


def _is_strong(key: jwt.PyJWK) -> bool:
    """Is it large enough to be believed? What is not is said to the operator, who alone can tell the issuer."""
    bits = key.key.key_size if isinstance(key.key, RSAPublicKey | RSAPrivateKey) else FEWEST_RSA_BITS
    if bits >= FEWEST_RSA_BITS:
        return True
    log.error(
        "auth.jwks_key_too_small",
        kid=key.key_id,
        bits=bits,
        at_least=FEWEST_RSA_BITS,
        what_to_do="Tokens signed with this key are refused: let the issuer publish a larger one.",
    )
    return False


class IssuerSettings(Protocol):
    """The issuers whose tokens are accepted (`config.settings.AuthSettings`)."""

    @property
    def jwks_url(self) -> str | None: ...

    @property
    def issuer(self) -> str | None: ...

    @property
    def audience(self) -> str | None: ...

    @property
    def leeway_s(self) -> float: ...


class Verifier:
    """Checks bearer tokens. One for a process: it holds the issuer's keys.

    A token of ours that comes again (sockets reconnect by the thousand) is recognised by its digest; then only the
    clock is asked again. Whether it was taken back is another question, which is the guard's, and asked each time. What
    an issuer signed is always verified: its keys may have changed.
    """

    def __init__(self, settings: IssuerSettings, clock: Clock, *, secret: str | None, jwks: Jwks | None = None) -> None:
        """`secret` is the HS256 secret in force (given or generated); None refuses HS256.

        Raises:
            ValueError: neither a secret nor a JWKS: nobody could ever sign in.
        """
        if jwks is None and settings.jwks_url is not None:
            jwks = Jwks(settings.jwks_url, clock)
        if not secret and jwks is None:
            raise ValueError("set auth.secret or auth.jwks_url")
        self._jwks = jwks
        self._expected = Expected(settings.issuer, settings.audience, settings.leeway_s)
        self._own = OwnTokens(secret, self._expected) if secret else None
        self._now_ms: Callable[[], int] = clock.now_ms
        self._known: BoundedCache[bytes, Verified] = BoundedCache(_KNOWN)

    @property
    def leeway_ms(self) -> int:
        """The time after its expiry that a token is still accepted, for clocks that differ."""
        return int(self._expected.leeway_s * 1000)

    async def verify(self, token: object) -> Verified:
        """The identity of the bearer. Does not suspend for our own tokens.

        Raises:
            TokenExpired: it was good once.
            Unauthenticated: it is no token of ours or of the issuer's.
            Unavailable: the issuer's keys cannot be had.
        """
        digest = digest_of(token)
        if (known := self._known.get(digest)) is not None:
            check_expiry(known, now_ms=self._now_ms(), expected=self._expected)
            return known
        alg, kid = header_of(token)
        if alg == OWN_ALGORITHM and self._own is not None:
            verified = self._own.verify(token, now_ms=self._now_ms())
            self._known.put(digest, verified)
            return verified
        if alg in ISSUER_ALGORITHMS and self._jwks is not None:
            key = await self._jwks.key(kid, alg)
            return verify(token, key, ISSUER_ALGORITHMS, now_ms=self._now_ms(), expected=self._expected)
        raise Unauthenticated("The token is not valid. Sign in again.", reason="algorithm")


def digest_of(token: object) -> bytes:
    """Stands for a token, so that the token itself is not kept; b"" for what cannot be one."""
    if not isinstance(token, str) or len(token) > MAX_TOKEN_CHARS:
        return b""
    return blake2b(token.encode(errors="surrogatepass"), digest_size=32).digest()
