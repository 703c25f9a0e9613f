"""The parts of aiortc, aioice and pylibsrtp that this library stands on. Nothing else imports them.

Some are private there; `tests/contract/media` fails when an upgrade moves one. The versions are pinned for that reason.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from aioice import stun as aioice_stun
from aiortc import rtp as aiortc_rtp
from aiortc.rate import BandwidthUsage, RemoteBitrateEstimator
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AEAD_AES_256_GCM,
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
)
from pylibsrtp import _binding

__all__ = [
    "TAG",
    "TRAILER",
    "BandwidthUsage",
    "Certificate",
    "RemoteBitrateEstimator",
    "SecureChannel",
    "aioice_stun",
    "aiortc_rtp",
    "protect",
    "protect_rtcp",
    "unprotect",
    "unprotect_rtcp",
]

Certificate = RTCCertificate

# Each works in place: (context, pointer to the packet, pointer to its length) -> 0, or the number of an error.
protect: Final[Callable[..., int]] = _binding.lib.srtp_protect
protect_rtcp: Final[Callable[..., int]] = _binding.lib.srtp_protect_rtcp
unprotect: Final[Callable[..., int]] = _binding.lib.srtp_unprotect
unprotect_rtcp: Final[Callable[..., int]] = _binding.lib.srtp_unprotect_rtcp

TAG: Final = 16  # bytes that protection adds to a packet of media, with either of the profiles below
TRAILER: Final = TAG + 4  # to one of control: the index of SRTCP too

_PROFILES: Final = [SRTP_AEAD_AES_128_GCM, SRTP_AEAD_AES_256_GCM]  # the first that both know is taken


class _Pipe:
    """The transport that aiortc's DTLS reads from and writes to: a queue, and a function."""

    role = "controlled"
    state = "completed"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._datagrams: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=64)
        self._write = send

    def feed(self, datagram: bytes | None) -> None:
        """One DTLS datagram from the peer; None: there will be no more. What a full queue has no room for is lost, as
        on the wire."""
        if not self._datagrams.full():
            self._datagrams.put_nowait(datagram)

    async def _recv(self) -> bytes:
        datagram = await self._datagrams.get()
        if datagram is None:
            raise ConnectionError
        return datagram

    async def _send(self, data: bytes) -> None:
        self._write(data)

    async def stop(self) -> None:
        self.feed(None)


class SecureChannel:
    """DTLS with one peer, and the two SRTP contexts that it agrees on (RFC 5764)."""

    def __init__(
        self,
        certificate: Certificate,
        algorithm: str,
        fingerprint: str,
        send: Callable[[bytes], None],
        *,
        begins: bool = False,
    ) -> None:
        """`algorithm` and `fingerprint` are the peer's; `begins`: this side does."""
        self._pipe = _Pipe(send)
        self._dtls = RTCDtlsTransport(self._pipe, [certificate])  # type: ignore[arg-type]  # it uses these five alone
        self._dtls._set_role("client" if begins else "server")
        self._dtls._srtp_profiles = _PROFILES
        self._expected = RTCDtlsParameters(fingerprints=[RTCDtlsFingerprint(algorithm, fingerprint)])
        self.inbound: Any = None
        self.outbound: Any = None

    async def shake_hands(self, closed: Callable[[], None]) -> bool:
        """Come to an agreement. False: the peer is not who it said, or went away. `closed` is called once the peer has
        ended what was agreed on."""
        await self._dtls.start(self._expected)
        if self._dtls.state != "connected":
            return False
        self.inbound = self._dtls._rx_srtp._srtp[0]
        self.outbound = self._dtls._tx_srtp._srtp[0]
        self._dtls.on("statechange", closed)
        return True

    def feed(self, datagram: bytes) -> None:
        """A DTLS datagram from the peer."""
        self._pipe.feed(datagram)

    async def close(self) -> None:
        """Tell the peer, and stop."""
        self._dtls.remove_all_listeners()
        await self._dtls.stop()
        self._pipe.feed(None)


def fingerprint_of(certificate: Certificate) -> str:
    """The SHA-256 of `certificate`, as a session description gives it."""
    return next(each.value for each in certificate.getFingerprints() if each.algorithm == "sha-256")
