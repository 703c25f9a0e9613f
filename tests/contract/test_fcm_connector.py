"""The connector `fcm`, against the wire of Firebase and of Google's tokens."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from actors.notifications.activities import FcmAddress, Push, Pushed
from common.clock import SystemClock
from serve_app.activities.connector import Call, Connector, Later, Misconfigured, Refused
from serve_app.activities.keys import PartnerKey
from serve_app.capabilities.notifications.connectors.fcm import FcmConnector
from serve_app.capabilities.notifications.connectors.push import MOST_BYTES
from tests.contract.connectors import CANARY, ConnectorSuite, Mishap, Partner, Seen, key_of, mark
from tests.fakes.fcm import STRANGER, Firebase

AS_STATUS: dict[Mishap, str] = {"busy": "503", "busy_for_7s": "429 7", "failing": "500", "refused": "INVALID_ARGUMENT"}


class FcmPartner(Partner):
    def __init__(self, firebase: Firebase, folder: Path) -> None:
        self.firebase, self.folder = firebase, folder

    @override
    def connector(self, *, credentials: bool = True) -> Connector:
        if credentials:
            return connected(self.firebase, self.firebase.account(self.folder / "right.json"))
        return connected(self.firebase, self.firebase.account(self.folder / "wrong.json", STRANGER))

    @override
    def payload(self, number: int) -> bytes:
        return msgspec.msgpack.encode(a_push(delivery=key_of(number), title=CANARY, body=CANARY))

    @override
    def next(self, *mishaps: Mishap) -> None:
        self.firebase.mishaps.extend(AS_STATUS.get(mishap, mishap) for mishap in mishaps)

    @override
    def seen(self) -> list[Seen]:
        return [Seen(one["data"]["d"], json.dumps(one).encode()) for one in self.firebase.taken]


class TestFcm(ConnectorSuite):
    @override
    def opened(self) -> AbstractAsyncContextManager[Partner]:
        return self._opened()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Partner]:
        with TemporaryDirectory() as folder:
            async with listening() as firebase:
                yield FcmPartner(firebase, Path(folder))


@asynccontextmanager
async def listening() -> AsyncIterator[Firebase]:
    firebase = Firebase()
    await firebase.server.start()
    try:
        yield firebase
    finally:
        await firebase.server.stop()


@asynccontextmanager
async def one_app(folder: Path) -> AsyncIterator[tuple[Firebase, FcmConnector]]:
    async with listening() as firebase:
        connector = connected(firebase, firebase.account(folder / "account.json"))
        try:
            yield firebase, connector
        finally:
            await connector.close()


def connected(firebase: Firebase, account: Path) -> FcmConnector:
    return FcmConnector(account, firebase.url, SystemClock())


def a_push(platform: Any = "android", **members: Any) -> Push:
    described: dict[str, Any] = {"delivery": "dlv_1", "seq": 7, "category": "appointments"}
    return Push(to=FcmAddress(token="tok-1", platform=platform), **(described | members))


async def sent(connector: Connector, push: Push) -> Pushed:
    call = Call(PartnerKey(mark(1)), msgspec.msgpack.encode(push), "usr_1", 1, 0)
    return msgspec.msgpack.decode(await connector.carry_out(call), type=Pushed)


async def test_a_push_shows_words_that_tell_nothing_in_the_persons_language(tmp_path: Path) -> None:
    async with one_app(tmp_path) as (firebase, connector):
        answer = await sent(connector, a_push(locale="de-AT", topic="booking:1", urgency="high"))
    (message,) = firebase.taken
    assert answer.id
    assert message["token"] == "tok-1"
    assert message["data"] == {"v": "1", "n": "7", "d": "dlv_1", "t": "appointments", "u": "high"}
    shown = message["android"]["notification"]
    assert shown["body"] == "Es gibt Neues zu einem Termin."
    assert shown["tag"] == message["android"]["collapse_key"]
    assert message["android"]["priority"] == "HIGH"
    assert message["android"]["ttl"] == f"{28 * 86_400}s"
    assert "booking" not in json.dumps(message)


async def test_a_repeat_takes_the_place_of_the_first_also_without_a_topic(tmp_path: Path) -> None:
    async with one_app(tmp_path) as (firebase, connector):
        for _ in range(2):
            await sent(connector, a_push())
    assert [one["android"]["notification"]["tag"] for one in firebase.taken] == ["n7", "n7"]


@pytest.mark.parametrize("kind", ["take_back", "ring", "ring_end", "prove"])
async def test_what_is_for_the_app_alone_is_not_shown_by_the_system(tmp_path: Path, kind: Any) -> None:
    async with one_app(tmp_path) as (firebase, connector):
        await sent(connector, a_push(kind=kind))
    (message,) = firebase.taken
    assert "notification" not in message["android"]
    assert message["data"]["k"] == kind


async def test_a_browser_behind_firebase_gets_what_browsers_get(tmp_path: Path) -> None:
    async with one_app(tmp_path) as (firebase, connector):
        await sent(connector, a_push("web", topic="booking:1"))
    (message,) = firebase.taken
    assert message["webpush"]["headers"]["Urgency"] == "normal"
    assert "android" not in message


@pytest.mark.parametrize("mishap", ["UNREGISTERED", "SENDER_ID_MISMATCH", "bad_token"])
async def test_a_token_that_is_none_any_more_ends_the_device(tmp_path: Path, mishap: str) -> None:
    async with one_app(tmp_path) as (firebase, connector):
        firebase.mishaps.append(mishap)
        assert (await sent(connector, a_push())).gone


async def test_an_argument_that_is_not_the_token_does_not(tmp_path: Path) -> None:
    async with one_app(tmp_path) as (firebase, connector):
        firebase.mishaps.append("INVALID_ARGUMENT")
        with pytest.raises(Refused):
            await sent(connector, a_push())


async def test_a_quota_is_waited_for_a_minute_where_firebase_names_no_pause(tmp_path: Path) -> None:
    async with one_app(tmp_path) as (firebase, connector):
        firebase.mishaps.append("429")
        with pytest.raises(Later) as later:
            await sent(connector, a_push())
        assert later.value.retry_after_s == 60.0


async def test_a_token_is_made_once_and_anew_when_it_is_revoked_or_the_account_changes(tmp_path: Path) -> None:
    async with one_app(tmp_path) as (firebase, connector):
        for _ in range(5):
            await sent(connector, a_push())
        assert firebase.tokens_made == 1
        firebase.mishaps.append("revoked")
        await sent(connector, a_push())
        assert firebase.tokens_made == 2
        account = firebase.account(tmp_path / "account.json", STRANGER)
        later = account.stat().st_mtime + 10
        os.utime(account, (later, later))
        with pytest.raises(Misconfigured):
            await sent(connector, a_push())


async def test_the_check_pushes_nothing(tmp_path: Path) -> None:
    async with one_app(tmp_path) as (firebase, connector):
        await connector.check()
        assert firebase.taken == []
        assert len(firebase.validated) == 1
        wrong = connected(firebase, firebase.account(tmp_path / "wrong.json", STRANGER))
        with pytest.raises(Misconfigured):
            await wrong.check()
        await wrong.close()


@pytest.mark.parametrize("content", ["", "{}", "[]", "no json", '{"private_key": "x", "client_email": "y"}'])
async def test_a_file_that_is_no_account_is_ours_to_correct(tmp_path: Path, content: str) -> None:
    file = tmp_path / "account.json"
    file.write_text(content)
    connector = FcmConnector(file, "http://127.0.0.1:1", SystemClock())
    for _ in range(2):
        with pytest.raises(Misconfigured):
            await sent(connector, a_push())
        file.unlink(missing_ok=True)


@pytest.mark.parametrize("body", ["ä" * 4000, '"' * 4000])
async def test_no_payload_is_too_large(tmp_path: Path, body: str) -> None:
    async with one_app(tmp_path) as (firebase, connector):
        await sent(connector, a_push(title="A title", body=body))
    shown = firebase.taken[0]["android"]["notification"]
    assert len(json.dumps(shown, ensure_ascii=False).encode()) <= MOST_BYTES + 100
