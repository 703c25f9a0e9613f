"""Tokens under attack: only what the issuer signed, as it signed it, lets anybody in."""

import json
from collections.abc import Callable

import jwt
import pytest

from common.auth.tokens import MAX_TOKEN_CHARS, Expected, OwnTokens, Verified, mint, verify
from common.auth.verifier import Verifier
from common.errors import CarewireError, TokenExpired, Unauthenticated
from config.settings import AuthSettings
from tests.unit.common.tokens import NOW_MS, NOW_S, SECRET, StillClock, a_verifier, claims, raw, signed

pytestmark = pytest.mark.allows("threads", reason="PyJWT fetches the keys of an issuer in a thread")


async def test_a_minted_token_says_who_its_bearer_is() -> None:
    token = mint(SECRET, user="alice", role="therapist", device="d1", now_ms=NOW_MS, ttl_s=60)
    verified = await a_verifier().verify(token)
    assert (verified.user, verified.role, verified.device) == ("alice", "therapist", "d1")
    assert verified.expires_ms == NOW_MS + 60_000
    assert verified.jti


async def test_device_issue_time_and_token_id_are_optional() -> None:
    verified = await a_verifier().verify(signed(device=..., iat=..., jti=...))
    assert verified == Verified("alice", "client", "", NOW_MS + 60_000, "")


@pytest.mark.parametrize(
    "bad",
    [{"user": "not an id"}, {"user": ""}, {"role": "root"}, {"device": "a/b"}],
    ids=["user", "empty user", "role", "device"],
)
def test_a_token_that_would_be_refused_is_not_minted(bad: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="must be"):
        mint(SECRET, **({"user": "alice", "role": "client"} | bad), now_ms=NOW_MS, ttl_s=60)  # type: ignore[arg-type] # one bad argument at a time


ATTACKS: dict[str, Callable[[], object]] = {
    "nothing": lambda: None,
    "empty": lambda: "",
    "a number": lambda: 7,
    "an object": lambda: {"$gt": ""},
    "bytes": lambda: signed().encode(),
    "not a token": lambda: "hello",
    "two parts": lambda: signed().rsplit(".", 1)[0],
    "four parts": lambda: signed() + ".x",
    "not base64": lambda: "!!!.???.***",
    "not ASCII": lambda: "é" + signed(),
    "too long": lambda: signed(filler="x" * MAX_TOKEN_CHARS),
    "alg none": lambda: raw({"alg": "none"}, claims()),
    "alg None with a signature": lambda: raw({"alg": "None"}, claims(), b"x"),
    "alg empty": lambda: raw({"alg": ""}, claims()),
    "alg missing": lambda: raw({"typ": "JWT"}, claims()),
    "alg a list": lambda: raw({"alg": ["HS256"]}, claims()),
    "alg HS384": lambda: signed("HS384"),
    "alg HS512": lambda: signed("HS512", SECRET * 2),
    "alg RS256 without an issuer": lambda: raw({"alg": "RS256"}, claims(), b"x" * 256),
    "header a list": lambda: raw(["HS256"], claims()),
    "header too deep": lambda: raw(b"[" * 5000, claims()),
    "payload a list": lambda: jwt.api_jws.encode(b"[1]", SECRET, "HS256"),
    "payload too deep": lambda: jwt.api_jws.encode(b"[" * 5000, SECRET, "HS256"),
    "unknown critical header": lambda: signed(headers={"crit": ["pay"], "pay": 1}),
    "key id not text": lambda: raw({"alg": "HS256", "kid": {"$ne": 1}}, claims(), b"x"),
    "another secret": lambda: signed(key="somebody else's secret, long enough to be used here"),
    "empty secret": lambda: raw({"alg": "HS256"}, claims(), b""),
    "claims changed after signing": lambda: ".".join(
        [signed().split(".")[0], raw({}, claims(role="admin")).split(".")[1], signed().split(".")[2]]
    ),
    "no user": lambda: signed(sub=...),
    "user null": lambda: raw({"alg": "HS256"}, claims(sub=None)),
    "user not an id": lambda: signed(sub="alice smith"),
    "user with a newline": lambda: signed(sub="alice\n"),
    "user too long": lambda: signed(sub="a" * 129),
    "user empty": lambda: signed(sub=""),
    "user not ASCII": lambda: signed(sub="аlice"),  # noqa: RUF001 - a Cyrillic letter, on purpose
    "no role": lambda: signed(role=...),
    "unknown role": lambda: signed(role="superuser"),
    "role a list": lambda: signed(role=["admin"]),
    "role in capitals": lambda: signed(role="Admin"),
    "no expiry": lambda: signed(exp=...),
    "expiry true": lambda: signed(exp=True),
    "expiry text": lambda: signed(exp=str(NOW_S + 60)),
    "expiry negative": lambda: signed(exp=-1),
    "expiry beyond all calendars": lambda: signed(exp=10**15),
    "expiry infinite": lambda: signed(exp=float("inf")),
    "expiry not a number": lambda: signed(exp=float("nan")),
    "not valid yet": lambda: signed(nbf=NOW_S + 3600),
    "not-before not a number": lambda: signed(nbf="tomorrow"),
    "issued-at not a number": lambda: signed(iat="yesterday"),
    "device not an id": lambda: signed(device="../../etc"),
    "device a number": lambda: signed(device=7),
    "token id a number": lambda: jwt.api_jws.encode(json.dumps(claims(jti=7)).encode(), SECRET, "HS256"),
    "token id too long": lambda: signed(jti="x" * 257),
    "an audience that nobody expects": lambda: signed(aud="others"),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
async def test_a_bad_token_is_refused_without_saying_why(attack: Callable[[], object]) -> None:
    with pytest.raises(Unauthenticated) as refused:
        await a_verifier().verify(attack())
    assert type(refused.value) is Unauthenticated
    assert refused.value.message == "The token is not valid. Sign in again."


async def test_an_expired_token_is_told_apart_from_a_bad_one() -> None:
    clock = StillClock()
    token = signed()
    clock.advance(64)  # within the leeway of 5 s
    await a_verifier(clock).verify(token)
    clock.advance(1)
    with pytest.raises(TokenExpired):
        await a_verifier(clock).verify(token)


async def test_a_token_that_comes_again_is_verified_once_and_expires_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verified: list[object] = []
    honest = OwnTokens.verify

    def counted(tokens: OwnTokens, token: object, *, now_ms: int) -> Verified:
        verified.append(token)
        return honest(tokens, token, now_ms=now_ms)

    monkeypatch.setattr(OwnTokens, "verify", counted)
    clock = StillClock()
    verifier, token = a_verifier(clock), signed()
    first = await verifier.verify(token)
    assert await verifier.verify(token) == first
    assert verified == [token]
    with pytest.raises(Unauthenticated):
        await verifier.verify(token[:-1])
    clock.advance(65)
    with pytest.raises(TokenExpired):
        await verifier.verify(token)


def outcome(read: Callable[[], Verified]) -> object:
    """What a token turned out to be; of a refusal, its type and its reason."""
    try:
        return read()
    except CarewireError as error:
        return type(error), error.context


VARIANTS: dict[str, Callable[[], object]] = {
    "the same header": lambda: signed(sub="bob"),
    "another header": lambda: signed(headers={"kid": "k1"}),
    "with a session": lambda: signed(sid="s1", epoch=4),
    "an issuer that is not asked for": lambda: signed(iss="somebody"),
    "an audience without a name": lambda: signed(aud=""),
    "a number with a fraction": lambda: signed(exp=NOW_S + 0.5),
    "expired": lambda: signed(exp=NOW_S - 60),
    "signed with padding": lambda: signed() + "=",
    "the last character of the signature is another": lambda: signed()[:-1] + chr(ord(signed()[-1]) + 1),
    "a claim twice": lambda: jwt.api_jws.encode(
        json.dumps(claims()).replace('"alice"', '"eve", "sub": "alice"').encode(), SECRET, "HS256"
    ),
}


@pytest.mark.parametrize(
    "expected", [Expected(), Expected("https://id.example", "carewire", 5)], ids=["bare", "strict"]
)
@pytest.mark.parametrize("variant", (VARIANTS | ATTACKS).values(), ids=(VARIANTS | ATTACKS).keys())
def test_tokens_of_ours_are_read_as_pyjwt_reads_them(variant: Callable[[], object], expected: Expected) -> None:
    own = OwnTokens(SECRET, expected)
    own.verify(
        signed(iss=expected.issuer or ..., aud=expected.audience or ...), now_ms=NOW_MS
    )  # from now on it is quick
    token = variant()
    quick, pyjwts = (
        outcome(lambda: own.verify(token, now_ms=NOW_MS)),
        outcome(lambda: verify(token, SECRET, ["HS256"], now_ms=NOW_MS, expected=expected)),
    )
    assert quick == pyjwts


def test_only_the_first_token_of_a_kind_needs_pyjwt(monkeypatch: pytest.MonkeyPatch) -> None:
    own = OwnTokens(SECRET, Expected())
    own.verify(signed(), now_ms=NOW_MS)
    monkeypatch.setattr("common.auth.tokens.verify", pytest.fail)
    assert own.verify(signed(sub="bob"), now_ms=NOW_MS).user == "bob"


async def test_issuer_and_audience_must_match_when_they_are_set() -> None:
    strict = a_verifier(issuer="https://id.example", audience="carewire")
    assert (await strict.verify(signed(iss="https://id.example", aud=["carewire", "other"]))).user == "alice"
    for wrong in ({}, {"iss": "https://id.example"}, {"aud": "carewire"}, {"iss": ["https://id.example"], "aud": "x"}):
        payload = json.dumps(claims(**wrong)).encode()
        with pytest.raises(Unauthenticated):
            await strict.verify(jwt.api_jws.encode(payload, SECRET, "HS256"))


def test_a_verifier_without_any_key_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="auth"):
        Verifier(AuthSettings(), StillClock(), secret=None)


def test_every_refusal_is_an_answer_of_the_error_tree() -> None:
    for attack in ATTACKS.values():
        with pytest.raises(CarewireError):
            verify(attack(), SECRET, ["HS256"], now_ms=NOW_MS, expected=Expected())
