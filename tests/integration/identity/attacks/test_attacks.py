"""Tokens that are not good, and passwords that are guessed."""

import asyncio
import base64
import io
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from socketio.exceptions import ConnectionError as Refused

from actors.calendars.services.feeds.feed_tokens import FeedTokens
from common.auth.verifier import Jwks, Verifier
from config.settings import AuthSettings
from serve_app.capabilities.identity.sessions.gate import HttpGate
from tests.gateway_rig import CLOCK, SECRET, token
from tests.identity.doubles import remembered_logs
from tests.identity_rig import PASSWORD, House
from tests.system.harness import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="module")
ADA = "ada@example.org"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    with remembered_logs() as text:
        yield text


def claims(**more: Any) -> dict[str, Any]:
    now_s = int(time.time())
    return {"sub": "ada", "role": "admin", "iat": now_s, "exp": now_s + 600, "jti": "j1", "aud": "carewire"} | more


def by_hand(header: dict[str, Any], body: dict[str, Any], signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(body).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def confused() -> str:
    """HS256 with the issuer's public key, which everybody knows, as the secret."""
    import hashlib
    import hmac

    pem = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    unsigned = by_hand({"alg": "HS256", "typ": "JWT", "kid": "r1"}, claims()).rpartition(".")[0]
    mac = hmac.new(pem, unsigned.encode(), hashlib.sha256).digest()
    return f"{unsigned}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def tampered() -> str:
    good = jwt.encode(claims(role="client"), SECRET, "HS256").split(".")
    good[1] = by_hand({}, claims(role="admin")).split(".")[1]
    return ".".join(good)


ATTACKS: dict[str, tuple[Callable[[], str], str]] = {
    "alg none": (lambda: by_hand({"alg": "none"}, claims()), "algorithm"),
    "alg nOnE": (lambda: by_hand({"alg": "nOnE"}, claims()), "algorithm"),
    "alg missing": (lambda: by_hand({"typ": "JWT"}, claims()), ""),
    "wrong secret": (lambda: jwt.encode(claims(), "x" * 40, "HS256"), "signature"),
    "HS512": (lambda: jwt.encode(claims(), SECRET * 2, "HS512"), "algorithm"),
    "swapped alg": (confused, "signature"),
    "wrong RSA key": (lambda: jwt.encode(claims(), OTHER_RSA, "RS256", headers={"kid": "r1"}), "signature"),
    "RS256 under the EC key": (lambda: jwt.encode(claims(), RSA_KEY, "RS256", headers={"kid": "e1"}), "algorithm"),
    "unknown key": (lambda: jwt.encode(claims(), RSA_KEY, "RS256", headers={"kid": "nope"}), "unknown_key"),
    "tampered": (tampered, "signature"),
    "expired": (lambda: jwt.encode(claims(exp=int(time.time()) - 60), SECRET, "HS256"), "expired"),
    "not yet valid": (lambda: jwt.encode(claims(nbf=int(time.time()) + 600), SECRET, "HS256"), "not_yet_valid"),
    "wrong audience": (lambda: jwt.encode(claims(aud="other"), SECRET, "HS256"), "audience"),
    "no audience": (lambda: jwt.encode({**claims(), "aud": None}, SECRET, "HS256"), ""),
    "an invented role": (lambda: jwt.encode(claims(role="root"), SECRET, "HS256"), "claims"),
    "no expiry": (lambda: jwt.encode({k: v for k, v in claims().items() if k != "exp"}, SECRET, "HS256"), "claims"),
    "a foreign session id": (lambda: jwt.encode(claims(sid="a b"), SECRET, "HS256"), "claims"),
    "rubbish": (lambda: "a.b.c", ""),
}


class Published(Jwks):
    """An issuer's keys, without the HTTP."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1/keys", CLOCK)
        for kid, key in (("r1", RSA_KEY), ("e1", EC_KEY)):
            maker: Any = jwt.algorithms.RSAAlgorithm if kid == "r1" else jwt.algorithms.ECAlgorithm
            data = maker.to_jwk(key.public_key(), as_dict=True) | {"alg": "RS256" if kid == "r1" else "ES256"}
            self._keys = [*self._keys, jwt.PyJWK({**data, "kid": kid})]
        self._fetched_s = self._tried_s = CLOCK.monotonic_s()


@pytest.fixture
def strict(home: House) -> Iterator[House]:
    """The house with an issuer's keys beside ours, and an audience."""
    settings = AuthSettings(leeway_s=0, audience="carewire")
    verifier = Verifier(settings, CLOCK, secret=SECRET, jwks=Published())
    gate = HttpGate(verifier, home.service.parts.revocations, FeedTokens(home.stores.feed_tokens, CLOCK))
    home.doors.append(gate)
    gateway: Any = home.gateways[0]
    sign_in = gateway._namespace._sessions._sign_in
    known, sign_in._verifier = sign_in._verifier, verifier
    yield home
    home.doors.pop()
    sign_in._verifier = known


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_bad_token_is_refused_on_http_and_sockets_and_logged(
    attack: str, strict: House, logged: io.StringIO
) -> None:
    make, reason = ATTACKS[attack]
    bad = make()
    answer = await strict.call("GET", "/api/auth/me", bearer=bad)
    assert answer.status_code == 401
    assert answer.json()["code"] == ("token_expired" if reason == "expired" else "unauthenticated")
    with pytest.raises(Refused):
        await strict.socket(bad)
    lines = [line for line in logged.getvalue().splitlines() if "auth.refused" in line]
    assert len(lines) == 2
    assert all(reason in line for line in lines)
    assert bad not in logged.getvalue()


async def test_good_tokens_of_both_issuers_pass_the_same_door(strict: House) -> None:
    good = [
        jwt.encode(claims(), SECRET, "HS256"),
        jwt.encode(claims(), RSA_KEY, "RS256", headers={"kid": "r1"}),
        jwt.encode(claims(), EC_KEY, "ES256", headers={"kid": "e1"}),
    ]
    for one in good:
        assert (await strict.ok("GET", "/api/auth/me", bearer=one))["user_id"] == "ada"


async def test_another_issuer_cannot_name_one_of_our_sessions(strict: House) -> None:
    """Its `sid` is its own affair: it neither revives nor ends a session of ours."""
    foreign = jwt.encode(claims(sid="ses_1", epoch=99), RSA_KEY, "RS256", headers={"kid": "r1"})
    await strict.ok("POST", "/api/auth/logout", bearer=foreign)
    assert await strict.database["revocations"].count_documents({"session": "ses_1"}) == 0


async def test_a_replayed_token_is_refused_once_it_was_given_back(home: House, logged: io.StringIO) -> None:
    bearer = token("ada")
    await home.ok("POST", "/api/auth/logout", bearer=bearer)
    await home.refused(401, "unauthenticated", "GET", "/api/auth/me", bearer=bearer)
    with pytest.raises(Refused):
        await home.socket(bearer)
    lines = [line for line in logged.getvalue().splitlines() if "auth.refused" in line and "revoked" in line]
    assert [("address" in line, bearer in line) for line in lines] == [(True, False)] * 2


async def test_tokens_of_a_family_that_was_refreshed_twice_are_refused_everywhere_and_logged(
    home: House, logged: io.StringIO
) -> None:
    first = await home.register(ADA)
    second = await home.ok("POST", "/api/auth/refresh", {"refresh_token": first["refresh_token"]})
    stolen = {"refresh_token": first["refresh_token"]}
    await home.refused(401, "unauthenticated", "POST", "/api/auth/refresh", stolen, address="10.6.6.6")
    for one in (first, second):
        await home.refused(401, "unauthenticated", "GET", "/api/auth/me", bearer=one["access_token"])
        with pytest.raises(Refused):
            await home.socket(one["access_token"])
    lines = logged.getvalue().splitlines()
    assert sum("auth.refresh_reused" in line for line in lines) == 1
    assert sum("auth.refused" in line and "revoked" in line for line in lines) == 4
    assert "refresh.reused" in await home.actions(first["user"]["user_id"])


async def told(home: House, user: str, template: str) -> None:
    """The owner hears of it."""

    async def there() -> bool:
        return template in {mail.template for mail in await home.mails(user)}

    await wait_until(there, within_s=10, what=f"no {template}")


async def guess(home: House, email: str, password: str, address: str, **more: Any) -> int:
    body = {"email": email, "password": password, **more}
    return (await home.call("POST", "/api/auth/login", body, address=address)).status_code


async def test_500_wrong_passwords_are_slowed_and_the_owner_goes_on(home: House, record_property: Any) -> None:
    ada = await home.register(ADA)
    codes = [await guess(home, ADA, f"wrong {n}", "6.6.6.6") for n in range(100)]
    for _ in range(20):
        codes += await asyncio.gather(*(guess(home, ADA, f"wrong {n}", "6.6.6.6") for n in range(20)))
    assert len(codes) == 500
    assert codes[:5] == [401] * 5
    looked_at = codes.count(401)
    record_property("looked_at", looked_at)
    print(f"500 wrong passwords: {looked_at} looked at, {codes.count(429)} told to wait")
    assert looked_at <= 15  # of 500; the rest were told to wait, and no password was hashed for them
    assert set(codes) == {401, 429}
    home.clock.ahead_ms = 901_000  # the longest delay has passed: one more is looked at, and begins a long one
    assert await guess(home, ADA, "wrong again", "6.6.6.6") == 401
    answer = await home.call("POST", "/api/auth/login", {"email": ADA, "password": PASSWORD}, address="6.6.6.6")
    assert answer.status_code == 429  # not even the right one, from there
    assert int(answer.headers["retry-after"]) >= 1
    assert await guess(home, ADA, PASSWORD, "10.0.0.1") == 200  # elsewhere
    user = ada["user"]["user_id"]
    await told(home, user, "login_locked")
    assert "login.failed" in await home.actions(user)
    home.clock.ahead_ms += 901_000
    assert await guess(home, ADA, PASSWORD, "6.6.6.6") == 200


async def test_delays_grow_with_each_failure(home: House) -> None:
    await home.register(ADA)
    home.clock.stopped_ms = home.clock.now_ms()
    waits = []
    for _ in range(9):
        answer = await home.call("POST", "/api/auth/login", {"email": ADA, "password": "wrong"}, address="6.6.6.6")
        while answer.status_code == 429:
            waits.append(round(answer.json()["retry_after"]))
            home.clock.ahead_ms += int(answer.json()["retry_after"] * 1000) + 1
            answer = await home.call("POST", "/api/auth/login", {"email": ADA, "password": "wrong"}, address="6.6.6.6")
    assert waits == [1, 2, 4, 8]


async def test_one_password_against_500_accounts_is_stopped_at_the_address(home: House, record_property: Any) -> None:
    await home.register(ADA)
    weak = (await home.register("user3@example.org", password="Summer2026!"))["user"]["user_id"]
    codes = [await guess(home, f"user{n}@example.org", "Summer2026!", "6.6.6.6") for n in range(200)]
    for _ in range(15):
        codes += await asyncio.gather(*(guess(home, f"v{n}@example.org", "Summer2026!", "6.6.6.6") for n in range(20)))
    assert len(codes) == 500
    assert codes[3] == 200  # whoever has that password is found among the first; they hear of it
    await told(home, weak, "new_sign_in")
    looked_at = codes.count(401) + codes.count(200)
    record_property("looked_at", looked_at)
    print(f"one password, 500 accounts: {looked_at} looked at, {codes.count(429)} told to wait")
    assert looked_at <= 30
    assert set(codes) == {200, 401, 429}
    assert await guess(home, ADA, PASSWORD, "10.0.0.1") == 200


async def test_a_botnet_cannot_lock_out_a_device_that_is_known(home: House) -> None:
    ada = await home.register(ADA)
    home.clock.stopped_ms = home.clock.now_ms()  # or a busy machine waits the delays out
    for n in range(60):
        await guess(home, ADA, "wrong", f"6.6.{n}.6")
    assert await guess(home, ADA, PASSWORD, "10.9.9.9") == 429  # a device never seen has to wait, or to reset
    assert await guess(home, ADA, PASSWORD, "10.9.9.9", device_token=ada["device_token"]) == 200
    stolen = (await home.register("eve@example.org"))["device_token"]
    for n in range(60):
        await guess(home, ADA, "wrong", f"6.7.{n}.6")
    assert await guess(home, ADA, PASSWORD, "10.9.9.8", device_token=stolen) == 429  # another account's


async def test_a_thousand_guesses_at_once_are_not_one_guess(home: House) -> None:
    """Attempts are counted before passwords are looked at: no burst gets under the limit."""
    await home.register(ADA)
    codes = await asyncio.gather(*(guess(home, ADA, f"wrong {n}", "6.6.6.6") for n in range(60)))
    assert codes.count(401) <= 5


async def test_an_account_that_is_not_there_takes_as_long_and_says_the_same(home: House) -> None:
    await home.register(ADA)
    answers = []
    for email in (ADA, "nobody@example.org"):
        body = {"email": email, "password": "wrong password"}
        answers.append((await home.call("POST", "/api/auth/login", body)).json())
    for answer in answers:
        answer.pop("request_id")
    assert answers[0] == answers[1]
    passwords: Any = home.service.parts.passwords
    hashed: list[str] = []
    inner = passwords._is

    def counted(password: str, stored: str) -> bool:
        hashed.append(stored)
        return bool(inner(password, stored))

    passwords._is = counted
    try:
        await guess(home, "nobody@example.org", "wrong password", "10.0.0.3")
    finally:
        passwords._is = inner
    assert len(hashed) == 1
