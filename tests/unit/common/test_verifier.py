"""Tokens under attack: only what the issuer signed, as it signed it, lets anybody in."""

import base64
import hmac
import json
import re
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from structlog.testing import capture_logs

from common.auth.tokens import MAX_TOKEN_CHARS, Expected, OwnTokens, Verified, mint, verify
from common.auth.verifier import Jwks, Verifier
from common.errors import CarewireError, TokenExpired, Unauthenticated, Unavailable
from common.ids import is_id
from config.settings import AuthSettings

pytestmark = pytest.mark.allows("threads", reason="PyJWT fetches the keys of an issuer in a thread")

SECRET = "a secret of at least thirty-two bytes, for tests only"
NOW_MS = 1_763_631_000_000
NOW_S = NOW_MS // 1000


class StillClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.ms = NOW_MS

    def now_ms(self) -> int:
        return self.ms

    def platform_ms(self) -> int:
        return self.now_ms()

    def monotonic_s(self) -> float:
        return self.ms / 1000

    def advance(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)


def claims(**changes: Any) -> dict[str, Any]:
    sound = {"sub": "alice", "role": "client", "device": "d1", "exp": NOW_S + 60, "iat": NOW_S, "jti": "t1"} | changes
    return {name: value for name, value in sound.items() if value is not ...}


def signed(algorithm: str = "HS256", key: Any = SECRET, headers: dict[str, Any] | None = None, **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers=headers)


def raw(header: object, payload: object, signature: bytes = b"") -> str:
    def part(value: object) -> str:
        text = value if isinstance(value, bytes) else json.dumps(value).encode()
        return base64.urlsafe_b64encode(text).rstrip(b"=").decode()

    return f"{part(header)}.{part(payload)}.{part(signature)}"


def a_verifier(clock: StillClock | None = None, **settings: Any) -> Verifier:
    return Verifier(AuthSettings(leeway_s=5, **settings), clock or StillClock(), secret=SECRET)


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


class Issuer(Jwks):
    """An issuer in memory: what it publishes can change or fail; counts how often it is asked."""

    def __init__(self, clock: StillClock) -> None:
        super().__init__("http://127.0.0.1:9/never-asked", clock)
        self.published: list[dict[str, Any]] = []
        self.asked = 0
        self.down = False
        self._client = self  # type: ignore[assignment] # stands in for the HTTP client of the base class

    def get_jwk_set(self) -> jwt.PyJWKSet:
        self.asked += 1
        if self.down:
            raise jwt.PyJWKClientConnectionError("down")
        return jwt.PyJWKSet(self.published)


def rsa_pair(kid: str, bits: int = 2048) -> tuple[rsa.RSAPrivateKey, dict[str, Any]]:
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key()))
    return private, public | {"kid": kid, "use": "sig", "alg": "RS256"}


RSA_KEY, RSA_PUBLIC = rsa_pair("k1")


async def test_keys_of_an_issuer_are_accepted_with_their_own_algorithms() -> None:
    clock = StillClock()
    issuer = Issuer(clock)
    elliptic = ec.generate_private_key(ec.SECP256R1())
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(elliptic.public_key()))
    issuer.published = [RSA_PUBLIC, public | {"kid": "k2", "use": "sig"}]
    verifier = Verifier(AuthSettings(), clock, secret=None, jwks=issuer)

    assert (await verifier.verify(signed("RS256", RSA_KEY, {"kid": "k1"}))).user == "alice"
    assert (await verifier.verify(signed("ES256", elliptic, {"kid": "k2"}))).user == "alice"
    assert issuer.asked == 1
    pem = RSA_KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    unsigned = raw({"alg": "HS256", "kid": "k1"}, claims()).rstrip(".")
    mac = base64.urlsafe_b64encode(hmac.digest(pem, unsigned.encode(), "sha256")).rstrip(b"=").decode()
    for attack in (
        f"{unsigned}.{mac}",  # the public key as an HMAC secret
        signed(),  # our own kind of token, where only the issuer's are good
        signed("RS512", RSA_KEY, {"kid": "k1"}),
        signed("PS256", RSA_KEY, {"kid": "k1"}),
        signed("RS256", RSA_KEY, {"kid": "k2"}),  # names a key of another type
    ):
        with pytest.raises(Unauthenticated):
            await verifier.verify(attack)


async def test_a_symmetric_key_that_an_issuer_publishes_is_of_no_use() -> None:
    clock = StillClock()
    issuer = Issuer(clock)
    issuer.published = [RSA_PUBLIC, {"kty": "oct", "kid": "k3", "k": base64.urlsafe_b64encode(b"x" * 32).decode()}]
    verifier = Verifier(AuthSettings(), clock, secret=None, jwks=issuer)
    with pytest.raises(Unauthenticated):
        await verifier.verify(signed("HS256", b"x" * 32, {"kid": "k3"}))
    with pytest.raises(Unauthenticated):
        await verifier.verify(raw({"alg": "RS256", "kid": "k3"}, claims(), b"x" * 256))


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")  # the issuer's fault, on purpose
@pytest.mark.parametrize("bits", [1024, 2047])
async def test_an_rsa_key_that_is_too_small_is_refused_and_the_operator_is_told(bits: int) -> None:
    """RFC 7518, 3.3: a key of 2048 bits or larger MUST be used."""
    clock = StillClock()
    issuer = Issuer(clock)
    weak, public = rsa_pair("weak", bits)
    issuer.published = [RSA_PUBLIC, public]
    verifier = Verifier(AuthSettings(), clock, secret=None, jwks=issuer)
    with capture_logs() as logs, pytest.raises(Unauthenticated):
        await verifier.verify(signed("RS256", weak, {"kid": "weak"}))
    told = next(line for line in logs if line["event"] == "auth.jwks_key_too_small")
    assert (told["log_level"], told["kid"], told["bits"]) == ("error", "weak", bits)
    assert (await verifier.verify(signed("RS256", RSA_KEY, {"kid": "k1"}))).user == "alice"


async def test_a_token_without_a_key_id_is_verified_when_exactly_one_key_fits() -> None:
    clock = StillClock()
    issuer = Issuer(clock)
    elliptic = ec.generate_private_key(ec.SECP256R1())
    curve = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(elliptic.public_key())) | {"kid": "k2"}
    other_public = rsa_pair("k3")[1]
    weak = rsa_pair("weak", 1024)[1]
    nameless = {name: value for name, value in RSA_PUBLIC.items() if name != "kid"}
    verifier = Verifier(AuthSettings(), clock, secret=None, jwks=issuer)

    async def good(*published: dict[str, Any]) -> bool:
        issuer.published = list(published)
        clock.advance(3601)
        try:
            await verifier.verify(signed("RS256", RSA_KEY, exp=NOW_S + 10**6))
        except Unauthenticated:
            return False
        return True

    assert await good(RSA_PUBLIC, curve)
    assert await good(RSA_PUBLIC, weak, other_public | {"use": "enc"})  # neither can have signed it
    assert await good(nameless)
    assert not await good(RSA_PUBLIC, other_public)  # which one?
    assert not await good(other_public)
    assert not await good(curve)


@pytest.mark.parametrize(
    "subject",
    ["auth0|5f7c8ec7c33c6c004bbafe82", "-aB3dE5fG7hI9jK1", "jane+care@example.org", "jürgen", "a b", "a" * 200, "x\n"],
)
async def test_a_subject_of_another_issuer_that_is_no_id_becomes_one(subject: str) -> None:
    clock = StillClock()
    issuer = Issuer(clock)
    issuer.published = [RSA_PUBLIC]
    verifier = Verifier(AuthSettings(), clock, secret=None, jwks=issuer)

    async def user(**changes: Any) -> str:
        return (await verifier.verify(signed("RS256", RSA_KEY, {"kid": "k1"}, **changes))).user

    name = await user(sub=subject, iss="https://id.example")
    assert re.fullmatch("ext_[0-9A-Z]{26}", name)
    assert is_id(name)
    assert await user(sub=subject, iss="https://id.example") == name
    others = {await user(sub=subject), await user(sub=subject, iss="https://other.example")}
    others |= {await user(sub=subject + "x", iss="https://id.example"), await user(sub=name, iss="https://id.example")}
    assert len(others | {name}) == 5  # also whoever calls themselves by that name is somebody else
    assert await user(sub="alice", iss="https://id.example") == "alice"


async def test_the_issuer_of_a_foreign_subject_is_checked_when_it_is_set() -> None:
    clock = StillClock()
    issuer = Issuer(clock)
    issuer.published = [RSA_PUBLIC]
    verifier = Verifier(AuthSettings(issuer="https://id.example"), clock, secret=None, jwks=issuer)
    for iss in (..., "https://other.example", "", 7):
        payload = json.dumps(claims(sub="auth0|1", iss=iss))
        with pytest.raises(Unauthenticated):
            await verifier.verify(jwt.api_jws.encode(payload.encode(), RSA_KEY, "RS256", {"kid": "k1"}))


@pytest.mark.parametrize("subject", ["", "x" * 256, None, 7, "\ud800"])
async def test_a_subject_that_nobody_can_have_is_refused(subject: object) -> None:
    clock = StillClock()
    issuer = Issuer(clock)
    issuer.published = [RSA_PUBLIC]
    verifier = Verifier(AuthSettings(), clock, secret=None, jwks=issuer)
    payload = json.dumps(claims(sub=subject)).encode()
    with pytest.raises(Unauthenticated):
        await verifier.verify(jwt.api_jws.encode(payload, RSA_KEY, "RS256", {"kid": "k1"}))


async def test_a_rotated_key_is_found_and_a_flood_of_unknown_key_ids_is_not_a_flood_of_fetches() -> None:
    clock = StillClock()
    issuer = Issuer(clock)
    issuer.published = [RSA_PUBLIC]
    verifier = Verifier(AuthSettings(), clock, secret=None, jwks=issuer)
    await verifier.verify(signed("RS256", RSA_KEY, {"kid": "k1"}))
    for number in range(50):
        with pytest.raises(Unauthenticated):
            await verifier.verify(signed("RS256", RSA_KEY, {"kid": f"unknown-{number}"}))
    assert issuer.asked == 1  # one fetch in the cooldown, whatever is asked for

    fresh, public = rsa_pair("k9")
    issuer.published = [public]
    clock.advance(11)
    assert (await verifier.verify(signed("RS256", fresh, {"kid": "k9"}))).user == "alice"
    with pytest.raises(Unauthenticated):  # the old key has gone with the rotation
        await verifier.verify(signed("RS256", RSA_KEY, {"kid": "k1"}))
    assert issuer.asked == 2


async def test_known_keys_go_on_serving_while_the_issuer_is_down_but_not_for_ever() -> None:
    clock = StillClock()
    issuer = Issuer(clock)
    issuer.published = [RSA_PUBLIC]
    verifier = Verifier(AuthSettings(), clock, secret=None, jwks=issuer)
    token = signed("RS256", RSA_KEY, {"kid": "k1"}, exp=NOW_S + 100_000)
    await verifier.verify(token)
    issuer.down = True
    clock.advance(3599)
    assert (await verifier.verify(token)).user == "alice"
    clock.advance(60)
    with pytest.raises(Unavailable):
        await verifier.verify(token)
    issuer.down = False
    clock.advance(11)
    assert (await verifier.verify(token)).user == "alice"


def test_every_refusal_is_an_answer_of_the_error_tree() -> None:
    for attack in ATTACKS.values():
        with pytest.raises(CarewireError):
            verify(attack(), SECRET, ["HS256"], now_ms=NOW_MS, expected=Expected())
