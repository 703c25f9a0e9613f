"""A WebRTC client made of packets: real ICE, DTLS and SRTP, but nothing is encoded or decoded.

So many of them fit on one core, and what is measured is the server. It agrees with our unit, aiortc and Janus alike.
"""

import asyncio
import re
import secrets
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from realtime.media.parts import (
    Certificate,
    SecureChannel,
    aioice_stun,
    fingerprint_of,
    protect,
    unprotect,
    unprotect_rtcp,
)
from realtime.media.wire.datagrams import ROW, Datagrams, ffi, host_and_port, name_of

ABS_SEND_TIME: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
OPUS, VP8 = 111, 96
_STAMP: Final = struct.Struct(">q")


@dataclass(frozen=True, slots=True)
class OfferedSection:
    """A section of what the client offers: `ssrc` is what it sends; None: it receives."""

    mid: str
    kind: str
    ssrc: int | None = None


class MediaClient:
    """One connection."""

    def __init__(self, host: str, certificate: Certificate, *, reads: bool = False, brief: bool = False) -> None:
        """`reads`: decrypt what comes, and take the time it was under way from the last packet of each picture.
        `brief`: read nothing more once media flows; the kernel drops what comes, and the server notices nothing."""
        self._host = host
        self._certificate = certificate
        self._fingerprint = fingerprint_of(certificate)
        self._datagrams = Datagrams(host, 0)
        self._reads, self._brief = reads, brief
        self._ufrag, self._password = secrets.token_hex(4), secrets.token_hex(16)
        self._length = ffi.new("int *")
        self._row = ffi.new("char[]", ROW)
        self._checked = asyncio.Event()
        self._channel: SecureChannel | None = None
        self._keeper: asyncio.Task[None] | None = None
        self.on_key_frame_wanted: Callable[[], None] = lambda: None
        self.packets = self.bytes = 0  # of media that came, as long as they are read
        self.flows = asyncio.Event()  # some have come
        self.delays_s: list[float] = []
        asyncio.get_running_loop().add_reader(self._datagrams.fileno, self._readable)

    def offer(self, lines: Sequence[OfferedSection]) -> str:
        """The session description of so many sections."""
        return self._description(lines)

    def answer(self, offer: str) -> str:
        """To an offer that only sends."""
        mids = re.findall(r"^m=(audio|video) .*?^a=mid:(\S+)", offer, re.M | re.S)
        types = re.findall(r"^a=rtpmap:(\d+) (?:opus|VP8)/", offer, re.M)
        return self._description([OfferedSection(mid, kind) for kind, mid in mids], [int(each) for each in types])

    def _description(self, lines: Sequence[OfferedSection], types: Sequence[int] = ()) -> str:
        out = [
            "v=0",
            f"o=- {secrets.randbits(31)} 2 IN IP4 {self._host}",
            "s=-",
            "t=0 0",
            f"a=group:BUNDLE {' '.join(line.mid for line in lines)}",
            "a=msid-semantic: WMS *",
        ]
        for i, line in enumerate(lines):
            payload_type = types[i] if types else (OPUS if line.kind == "audio" else VP8)
            codec = "opus/48000/2" if line.kind == "audio" else "VP8/90000"
            out += [
                f"m={line.kind} {self._datagrams.port} UDP/TLS/RTP/SAVPF {payload_type}",
                f"c=IN IP4 {self._host}",
                f"a=mid:{line.mid}",
                "a=rtcp-mux",
                f"a=ice-ufrag:{self._ufrag}",
                f"a=ice-pwd:{self._password}",
                f"a=fingerprint:sha-256 {self._fingerprint}",
                "a=setup:active",
                f"a=candidate:1 1 udp 2130706431 {self._host} {self._datagrams.port} typ host",
                f"a=rtpmap:{payload_type} {codec}",
                f"a=extmap:3 {ABS_SEND_TIME}",
                "a=sendonly" if line.ssrc is not None else "a=recvonly",
            ]
            if line.kind == "video":
                out += [f"a=rtcp-fb:{payload_type} {each}" for each in ("nack", "nack pli", "goog-remb")]
            if line.ssrc is not None:
                out += [f"a=msid:me {line.kind}", f"a=ssrc:{line.ssrc} cname:me"]
        return "\r\n".join(out) + "\r\n"

    async def connect(self, description: str) -> None:
        """To whoever wrote `description`, once both have the other's. Raises TimeoutError."""
        ufrag, password = _value(description, "ice-ufrag"), _value(description, "ice-pwd")
        candidate = re.search(r"^a=candidate:\S+ 1 udp \d+ ([\d.]+) (\d+) typ host", description, re.M | re.I)
        assert candidate is not None, "there is no candidate"
        name = name_of(candidate[1], int(candidate[2]))
        fingerprint = re.search(r"^a=fingerprint:sha-256 (\S+)", description, re.M | re.I)
        assert fingerprint is not None
        self._channel = SecureChannel(
            self._certificate, "sha-256", fingerprint[1], lambda data: self._datagrams.send_one(data, name), begins=True
        )
        self._name, self._server = name, (candidate[1], int(candidate[2]))
        self._keeper = asyncio.create_task(self._keep_alive(f"{ufrag}:{self._ufrag}", password))
        async with asyncio.timeout(60):
            await self._checked.wait()
            assert await self._channel.shake_hands(lambda: None)

    async def _keep_alive(self, username: str, password: str) -> None:
        while True:
            check = aioice_stun.Message(aioice_stun.Method.BINDING, aioice_stun.Class.REQUEST)
            check.attributes |= {"USERNAME": username, "PRIORITY": 1, "ICE-CONTROLLING": 1, "USE-CANDIDATE": None}
            check.add_message_integrity(password.encode())
            self._datagrams.send_one(bytes(check), self._name)
            await asyncio.sleep(2.0 if self._checked.is_set() else 0.1)

    def send(self, packet: bytes) -> None:
        """A packet of RTP, as it is before it is protected."""
        assert self._channel is not None
        ffi.memmove(self._row, packet, len(packet))
        self._length[0] = len(packet)
        assert protect(self._channel.outbound, self._row, self._length) == 0
        self._datagrams.send_one(ffi.buffer(self._row, self._length[0])[:], self._name)

    def _readable(self) -> None:
        inbox = self._datagrams.inbox
        for i, size in enumerate(self._datagrams.receive()):
            first = inbox.buffer[i * ROW]
            if first >= 128:
                self._media(i, size)
            elif first >= 20 and self._channel is not None:
                self._channel.feed(inbox.data(i, size))
            elif first < 4:
                self._stun(inbox.data(i, size), inbox.name(i))

    def _media(self, i: int, size: int) -> None:
        inbox = self._datagrams.inbox
        control = 192 <= inbox.buffer[i * ROW + 1] < 224
        if not control:
            self.packets += 1
            self.bytes += size
            if self.packets == 20:
                self.flows.set()
                if self._brief:
                    asyncio.get_running_loop().remove_reader(self._datagrams.fileno)
        if self._channel is None or self._channel.inbound is None or not (control or self._reads):
            return
        self._length[0] = size
        if control:
            if unprotect_rtcp(self._channel.inbound, inbox.rows[i], self._length) == 0:
                self._control(inbox.data(i, self._length[0]))
        elif unprotect(self._channel.inbound, inbox.rows[i], self._length) == 0:
            data = inbox.data(i, self._length[0])
            if data[1] & 0x7F != OPUS and data[1] & 0x80 and len(data) > 40:
                self.delays_s.append((time.monotonic_ns() - _STAMP.unpack(data[-8:])[0]) / 1e9)

    def _control(self, data: bytes) -> None:
        at = 0
        while at + 4 <= len(data):
            if data[at + 1] == 206 and data[at] & 31 in (1, 4):
                self.on_key_frame_wanted()
            at += 4 * (int.from_bytes(data[at + 2 : at + 4], "big") + 1)

    def _stun(self, datagram: bytes, name: bytes) -> None:
        message = aioice_stun.parse_message(datagram)
        if message.message_class == aioice_stun.Class.RESPONSE:
            self._checked.set()
        elif message.message_class == aioice_stun.Class.REQUEST:
            answer = aioice_stun.Message(aioice_stun.Method.BINDING, aioice_stun.Class.RESPONSE, message.transaction_id)
            answer.attributes["XOR-MAPPED-ADDRESS"] = host_and_port(name)
            answer.add_message_integrity(self._password.encode())
            self._datagrams.send_one(bytes(answer), name)

    async def close(self) -> None:
        """Say goodbye."""
        asyncio.get_running_loop().remove_reader(self._datagrams.fileno)
        if self._keeper is not None:
            self._keeper.cancel()
        if self._channel is not None:
            await self._channel.close()
        self._datagrams.close()


def stamp() -> bytes:
    """What the last packet of a picture ends with."""
    return _STAMP.pack(time.monotonic_ns())


def _value(description: str, name: str) -> str:
    found = re.search(rf"^a={name}:(\S+)", description, re.M)
    assert found is not None, f"there is no {name}"
    return found[1]
