"""Bearer tokens: what one must say, how Carewire makes its own. Pure: keys and time are arguments.

A token is a JWT with `sub` (user), `role` and `exp`; `device`, `iat`, `nbf` and `jti` are optional but must be sound.
A `sub` of another issuer that is no id of ours becomes one (`common.ids.foreign_id`).
Whoever verifies fixes key and algorithm together, so a token cannot choose how it is checked.
"""

import base64
import hmac
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import jwt
import msgspec
from jwt.utils import base64url_decode

from common.errors import TokenExpired, Unauthenticated
from common.ids import foreign_id, is_id, new_id

ROLES: Final = frozenset({"client", "therapist", "moderator", "admin"})
OWN_ALGORITHM: Final = "HS256"
ISSUER_ALGORITHMS: Final = ("RS256", "ES256")
MAX_TOKEN_CHARS: Final = 8192
_LONGEST_SUBJECT: Final = 255  # OpenID Connect Core 1.0, section 2
_REASONS: Final = {
    "InvalidSignatureError": "signature",
    "InvalidAudienceError": "audience",
    "MissingRequiredClaimError": "claims",
    "InvalidIssuerError": "issuer",
    "InvalidAlgorithmError": "algorithm",
    "InvalidKeyError": "algorithm",
}
_decode_object: Final = msgspec.json.Decoder(dict[str, Any]).decode
_MOST_HEADERS: Final = 16  # ours have one; who signs with our secret may write others
_END_OF_TIME_S: Final = 253_402_300_799  # the last second that RFC 3339 can write


@dataclass(frozen=True, slots=True)
class Verified:
    """The identity that a token states. `expires_ms`, `issued_ms`: milliseconds since the Unix epoch.

    `session` and `epoch` are of our own sessions only: which one, and how often the account's rights had changed when
    the token was made.
    """

    user: str
    role: str
    device: str
    expires_ms: int
    jti: str
    issued_ms: int = 0
    session: str = ""
    epoch: int = -1


@dataclass(frozen=True, slots=True)
class Expected:
    """The claims that a token must agree with besides its signature. `issuer` and `audience` count when set."""

    issuer: str | None = None
    audience: str | None = None
    leeway_s: float = 0.0


def mint(
    secret: str,
    *,
    user: str,
    role: str,
    now_ms: int,
    ttl_s: float,
    device: str | None = None,
    expected: Expected | None = None,
    session: str | None = None,
    epoch: int = 0,
    token_id: str | None = None,
) -> str:
    """A signed token (HS256) that is good for `ttl_s` seconds and that `verify` accepts. With `session` it belongs to
    that session, under the account's `epoch`. `token_id`: its `jti`; None: a new one.

    Raises:
        ValueError: `user`, `role` or `device` is not what a token may say.
    """
    if not is_id(user) or role not in ROLES or (device is not None and not is_id(device)):
        raise ValueError("user and device must be ids, role one of: " + ", ".join(sorted(ROLES)))
    now_s = now_ms / 1000
    claims: dict[str, Any] = {
        "sub": user,
        "role": role,
        "iat": int(now_s),
        "exp": math.ceil(now_s + ttl_s),
        "jti": token_id or new_id("tok", now_ms),
    }
    if device is not None:
        claims["device"] = device
    if session is not None:
        claims |= {"sid": session, "epoch": epoch}
    if expected is not None and expected.issuer is not None:
        claims["iss"] = expected.issuer
    if expected is not None and expected.audience is not None:
        claims["aud"] = expected.audience
    return jwt.encode(claims, secret, algorithm=OWN_ALGORITHM)


def header_of(token: object) -> tuple[str, str]:
    """(`alg`, `kid`) of a token that nobody has verified yet; good for choosing a key, and for nothing else.

    Raises:
        Unauthenticated: it is not a token.
    """
    first = _text(token).partition(".")[0]
    header = _careful(lambda: _decode_object(base64url_decode(first)))
    alg, kid = header.get("alg"), header.get("kid", "")
    if not isinstance(alg, str) or not isinstance(kid, str):
        raise _refused()
    return alg, kid


def verify(
    token: object, key: str | jwt.PyJWK, algorithms: Sequence[str], *, now_ms: int, expected: Expected
) -> Verified:
    """The contents of the token, once its signature and every claim have been checked.

    Raises:
        TokenExpired: it was good once.
        Unauthenticated: it is not a token, not ours, or says something that no token may say.
    """
    options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}  # below, by the clock we are handed
    claims = _careful(
        lambda: jwt.decode(
            _text(token),
            key,
            algorithms=list(algorithms),
            audience=expected.audience,
            issuer=expected.issuer,
            options=options,
        )
    )
    return _accepted(claims, own=isinstance(key, str), now_ms=now_ms, expected=expected)


class OwnTokens:
    """Tokens that are signed with our own secret, read at a fifth of what they cost `verify` (8 against 39 us:
    `python -m loadtests.parts.bench_tokens`).

    PyJWT stays the judge: `verify` reads whatever is not plain, and everything that is to be refused. Plain is a token
    whose header is, byte for byte, one that `verify` has accepted before, whose signature is right to the letter, and
    whose `iss` and `aud` are just what is expected.
    """

    def __init__(self, secret: str, expected: Expected) -> None:
        self._secret = secret
        self._key = secret.encode()
        self._expected = expected
        self._headers: set[str] = set()

    def verify(self, token: object, *, now_ms: int) -> Verified:
        """See the function `verify`, with our secret and algorithm."""
        claims = self._plain(token)
        if claims is not None:
            with suppress(Unauthenticated):
                return _accepted(claims, own=True, now_ms=now_ms, expected=self._expected)
        verified = verify(token, self._secret, (OWN_ALGORITHM,), now_ms=now_ms, expected=self._expected)
        if len(self._headers) < _MOST_HEADERS:
            self._headers.add(_text(token).partition(".")[0])
        return verified

    def _plain(self, token: object) -> dict[str, Any] | None:
        """The claims of a plain token."""
        if not isinstance(token, str) or len(token) > MAX_TOKEN_CHARS or not token.isascii():
            return None
        signed, _, signature = token.rpartition(".")
        header, _, payload = signed.partition(".")
        if header not in self._headers:
            return None
        mac = base64.urlsafe_b64encode(hmac.digest(self._key, signed.encode(), "sha256")).rstrip(b"=")
        if not hmac.compare_digest(mac, signature.encode()):
            return None
        try:
            claims = _decode_object(
                base64.b64decode(payload + "=" * (-len(payload) % 4), altchars=b"-_", validate=True)
            )
        except (ValueError, RecursionError):
            return None
        as_expected = claims.get("iss") == self._expected.issuer and claims.get("aud") == self._expected.audience
        return claims if as_expected else None


def check_expiry(verified: Verified, *, now_ms: int, expected: Expected) -> None:
    """Is a token that was verified before still good by the clock?

    Raises:
        TokenExpired: no longer.
    """
    if verified.expires_ms <= now_ms - int(expected.leeway_s * 1000):
        raise TokenExpired("The token has expired. Sign in again, or refresh it.", reason="expired")


def _accepted(claims: dict[str, Any], *, own: bool, now_ms: int, expected: Expected) -> Verified:
    """The contents of a token whose signature, issuer and audience are right."""
    verified = _principal(claims, own=own)
    if "nbf" in claims and _instant_ms(claims["nbf"]) > now_ms + int(expected.leeway_s * 1000):
        raise _refused("not_yet_valid")
    check_expiry(verified, now_ms=now_ms, expected=expected)
    return verified


def _principal(claims: dict[str, Any], *, own: bool) -> Verified:
    user, role = _user(claims, own=own), claims.get("role")
    device, jti = claims.get("device", ""), claims.get("jti", "")
    if not isinstance(role, str) or role not in ROLES:
        raise _refused()
    if not isinstance(device, str) or (device and not is_id(device)):
        raise _refused()
    if not isinstance(jti, str) or len(jti) > 256:
        raise _refused()
    session, epoch = _session(claims) if own else ("", -1)  # another issuer's `sid` is none of ours
    issued_ms = _instant_ms(claims["iat"]) if "iat" in claims else 0
    return Verified(
        user=user,
        role=role,
        device=device,
        expires_ms=_instant_ms(claims.get("exp")),
        jti=jti,
        issued_ms=issued_ms,
        session=session,
        epoch=epoch,
    )


def _user(claims: dict[str, Any], *, own: bool) -> str:
    subject, issuer = claims.get("sub"), claims.get("iss", "")
    if not isinstance(subject, str) or not isinstance(issuer, str) or not 1 <= len(subject) <= _LONGEST_SUBJECT:
        raise _refused()
    if own and not is_id(subject):
        raise _refused()
    try:
        return subject if own else foreign_id(issuer, subject)
    except UnicodeEncodeError:
        raise _refused() from None


def _session(claims: dict[str, Any]) -> tuple[str, int]:
    session, epoch = claims.get("sid", ""), claims.get("epoch", -1)
    if not isinstance(session, str) or (session and not is_id(session)):
        raise _refused()
    if isinstance(epoch, bool) or not isinstance(epoch, int):
        raise _refused()
    return session, epoch


def _instant_ms(claim: object) -> int:
    """A NumericDate (RFC 7519: seconds, fractions allowed) in milliseconds."""
    if isinstance(claim, bool) or not isinstance(claim, int | float) or not 0 <= claim <= _END_OF_TIME_S:
        raise _refused()  # NaN fails the comparison as well
    return int(claim * 1000)


def _text(token: object) -> str:
    if not isinstance(token, str) or not token or len(token) > MAX_TOKEN_CHARS:
        raise _refused()
    return token


def _careful(read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Whatever a hostile token makes of the parsers (a RecursionError, say), the answer is the same."""
    try:
        return read()
    except Exception as error:  # whatever PyJWT throws at a stranger's token is a refusal  # noqa: BLE001
        raise _refused(_REASONS.get(type(error).__name__, "malformed")) from None


def _refused(reason: str = "claims") -> Unauthenticated:
    """`reason` is for logs: the bearer learns nothing from a refusal."""
    return Unauthenticated("The token is not valid. Sign in again.", reason=reason)
