"""What this library takes from aiortc, aioice and pylibsrtp is where it was, and does what it did."""

import asyncio
import importlib.metadata
import inspect
import os
import re

import pytest
from aiortc.rtcdtlstransport import RTCDtlsTransport
from pylibsrtp import Policy, Session, _binding

from realtime.media import parts
from realtime.media.wire.datagrams import ffi

PINNED = {"aiortc": "1.16.0", "aioice": "0.13.0", "pylibsrtp": "1.0.0", "av": "18.1.0"}


@pytest.mark.parametrize("name", PINNED)
def test_the_versions_are_those_that_were_tried(name: str) -> None:
    assert importlib.metadata.version(name) == PINNED[name], (
        "run this suite and tests/integration/media, then change it"
    )


def test_dtls_asks_its_transport_for_no_more_than_a_pipe_has() -> None:
    source = inspect.getsource(RTCDtlsTransport)
    used = {
        re.match(r"\w+", word).group()  # type: ignore[union-attr]
        for line in source.splitlines()
        for word in line.replace("self.transport.", "\0").split("\0")[1:]
    }
    assert used <= {"_recv", "_send", "role"}
    for name in ("_rx_srtp", "_tx_srtp", "_srtp_profiles", "_set_role"):
        assert name in source


def test_two_channels_agree_on_keys_and_each_reads_what_the_other_protects() -> None:
    async def agree() -> None:
        ours, theirs = parts.Certificate.generateCertificate(), parts.Certificate.generateCertificate()
        server = parts.SecureChannel(ours, "sha-256", parts.fingerprint_of(theirs), lambda data: client.feed(data))
        client = parts.SecureChannel(
            theirs, "sha-256", parts.fingerprint_of(ours), lambda data: server.feed(data), begins=True
        )
        async with asyncio.timeout(10):
            agreed = await asyncio.gather(client.shake_hands(lambda: None), server.shake_hands(lambda: None))
        assert all(agreed)
        packet = b"\x80\x60\x00\x01" + bytes(8) + b"payload"
        row, length = ffi.new("char[]", 200), ffi.new("int *", len(packet))
        ffi.memmove(row, packet, len(packet))
        assert parts.protect(server.outbound, row, length) == 0
        assert len(packet) < length[0] <= len(packet) + parts.TRAILER, "AES-GCM adds sixteen bytes"
        assert parts.unprotect(client.inbound, row, length) == 0
        assert ffi.buffer(row, length[0])[:] == packet
        await asyncio.gather(client.close(), server.close())

    asyncio.run(agree())


def test_a_packet_is_protected_where_it_lies_with_another_interface_to_c() -> None:
    key = os.urandom(28)
    profile = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
    ours = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
    packet = b"\x80\x60\x00\x01" + bytes(8) + b"payload"
    row, length = ffi.new("char[]", 200), ffi.new("int *", len(packet))
    ffi.memmove(row, packet, len(packet))
    assert parts.protect(ours._srtp[0], row, length) == _binding.lib.srtp_err_status_ok
    theirs = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=profile))
    assert theirs.unprotect(ffi.buffer(row, length[0])[:]) == packet
