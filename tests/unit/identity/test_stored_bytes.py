"""What identity seals and the audit record hashes, byte for byte: other bytes, and what is stored is not understood."""

import msgspec
import pytest

from serve_app.capabilities.audit.chain import AuditEntry, Head, link
from serve_app.capabilities.identity.accounts.account_records import AccountOwner, TotpSecret
from serve_app.capabilities.identity.messages.outbox import OutgoingMail
from serve_app.capabilities.identity.sessions.session_records import SessionDevice

SEALED: tuple[tuple[msgspec.Struct, bytes], ...] = (
    (AccountOwner("a@b.c", "Ann"), b"\x82\xa5email\xa5a@b.c\xa4name\xa3Ann"),
    (TotpSecret("s"), b"\x81\xa6secret\xa1s"),
    (SessionDevice("d", "a", "::1"), b"\x83\xa4name\xa1d\xa5agent\xa1a\xa7address\xa3::1"),
    (OutgoingMail("t", "a@b.c", "1"), b"\x83\xa8template\xa1t\xa2to\xa5a@b.c\xa4code\xa11"),
)


@pytest.mark.parametrize(("value", "packed"), SEALED, ids=lambda value: type(value).__name__)
def test_what_is_sealed_are_these_bytes_and_they_are_read_back(value: msgspec.Struct, packed: bytes) -> None:
    assert msgspec.msgpack.encode(value) == packed
    assert msgspec.msgpack.decode(packed, type=type(value)) == value


def test_an_entry_of_the_record_has_this_hash() -> None:
    entry = AuditEntry("room.read", "ann", "bob", "ok", "staff", "room:1", "::1", "r1", "why", 5)
    first = link(Head(), entry)
    assert first.hash == "3893376fb859b56c3d884e16a5aab8a38b1c99e52953e6756682805452f6d466"
    second = link(Head(1, first.hash), AuditEntry("a", "b"))
    assert second.hash == "20e71a42fcbf496fd3f4bbce459dc276382c31c256e65692ddb80490c6288958"
