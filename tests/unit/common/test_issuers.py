"""Tokens of other issuers: only keys that they publish, as they publish them, and subjects that become ids here."""

import base64
import hmac
import json
import re
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from structlog.testing import capture_logs

from common.auth.verifier import Jwks, Verifier
from common.errors import Unauthenticated, Unavailable
from common.ids import is_id
from config.settings import AuthSettings
from tests.unit.common.tokens import NOW_S, StillClock, claims, raw, signed

pytestmark = pytest.mark.allows("threads", reason="PyJWT fetches the keys of an issuer in a thread")


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
