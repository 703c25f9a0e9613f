"""One person's way in and out: ICE credentials, the addresses that proved them, DTLS, and the keys that come of it."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any, Final

from realtime.media.budgets import MediaLimits
from realtime.media.parts import TRAILER, Certificate, SecureChannel, protect_rtcp, unprotect, unprotect_rtcp
from realtime.media.sdp.offer import SdpOffer
from realtime.media.wire.datagrams import ROW, Datagrams, KernelAddress, ffi
from realtime.media.wire.stun import BindingRequest

_MOST_RTCP: Final = ROW - TRAILER - 1


class Transport:
    """Nothing is sent before an address proved that it knows the password, and no media before DTLS is done."""

    def __init__(
        self,
        datagrams: Datagrams,
        certificate: Certificate,
        offer: SdpOffer,
        limits: MediaLimits,
        changed: Callable[[], None],
    ) -> None:
        """`changed` is called when it is connected, gets another address, or is closed by the other side."""
        self._datagrams = datagrams
        self._certificate = certificate
        self._limits = limits
        self._changed = changed
        self._channel = SecureChannel(certificate, offer.algorithm, offer.fingerprint, self._send_handshake)
        self._handshake: asyncio.Task[None] | None = None
        self._length = ffi.new("int *")
        self._scratch = ffi.new("char[]", ROW)
        self.offered = (offer.ufrag, offer.password)
        self.identity = (offer.algorithm, offer.fingerprint)
        self.ufrag = self.password = ""
        self.renew(offer)
        self.names: dict[bytes, KernelAddress] = {}  # the addresses that proved themselves, the last one last
        self.active: bytes | None = None  # the one that is sent to
        self.inbound: Any = None
        self.connected = False
        self.closed = False
        self.connected_at = self.heard_at = 0.0

    def renew(self, offer: SdpOffer) -> None:
        """New credentials on our side, for new ones on the other (an ICE restart)."""
        self.offered = (offer.ufrag, offer.password)
        self.ufrag, self.password = secrets.token_hex(8), secrets.token_hex(16)

    @property
    def outbound(self) -> Any:
        """The SRTP context to send with; None while there is none."""
        return self._channel.outbound if self.connected else None

    @property
    def address(self) -> KernelAddress | None:
        """Where to send."""
        return self.names.get(self.active) if self.active is not None else None

    def proved(self, check: BindingRequest, name: bytes, now: float) -> bytes | None:
        """`name` knows the password. The address that had to be forgotten for it, if any."""
        self.heard_at = now
        forgotten = None
        if name not in self.names:
            if len(self.names) >= self._limits.addresses:
                forgotten = next(each for each in self.names if each != self.active)
                del self.names[forgotten]
            self.names[name] = KernelAddress(name)
        if (check.nominated or self.active is None) and name != self.active:
            self.active = name
            self._changed()
        return forgotten

    def genuine(self, name: bytes, now: float) -> None:
        """Media that only they can have encrypted came from `name`: if that is another address, they have moved."""
        self.heard_at = now
        if name != self.active and name in self.names:
            self.active = name
            self._changed()

    def feed(self, datagram: bytes) -> None:
        """A DTLS datagram, from an address that proved itself."""
        if self.closed:
            return
        if self._handshake is None:
            self._handshake = asyncio.get_running_loop().create_task(self._shake_hands())
        self._channel.feed(datagram)

    async def _shake_hands(self) -> None:
        try:
            async with asyncio.timeout(self._limits.handshake_s):
                agreed = await self._channel.shake_hands(self._ended)
        except TimeoutError:
            agreed = False
        if self.closed:
            return
        if not agreed:
            self._ended()
            return
        self.inbound, self.connected = self._channel.inbound, True
        self.connected_at = asyncio.get_running_loop().time()
        self._changed()

    def _ended(self) -> None:
        self.connected, self.closed = False, True
        self.inbound = None
        self._changed()

    def _send_handshake(self, data: bytes) -> None:
        if self.active is not None:
            self._datagrams.send_one(data, self.active)

    def unprotected(self, row: Any, size: int, *, control: bool) -> int:
        """Decrypt, where it lies, what came from an address of ours. Its size then; 0: it is not genuine, or old."""
        if self.inbound is None:
            return 0
        self._length[0] = size
        failed = (unprotect_rtcp if control else unprotect)(self.inbound, row, self._length)
        return 0 if failed else int(self._length[0])

    def send_control(self, data: bytes) -> None:
        """Send RTCP, if there is anybody to send it to."""
        if not self.connected or self.active is None or len(data) > _MOST_RTCP:
            return
        self._length[0] = len(data)
        ffi.memmove(self._scratch, data, len(data))
        if protect_rtcp(self._channel.outbound, self._scratch, self._length) == 0:
            self._datagrams.send_one(ffi.buffer(self._scratch, self._length[0])[:], self.active)

    async def close(self) -> None:
        """Say goodbye, and send nothing more."""
        self.closed, self.connected = True, False
        if self._handshake is not None and not self._handshake.done():
            self._handshake.cancel()
            await asyncio.gather(self._handshake, return_exceptions=True)
        await self._channel.close()
