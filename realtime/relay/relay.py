"""The relay of one gateway: asks the others about their sessions, and answers them about its own."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final

from common.errors import StartupError
from common.logs import get_logger
from common.net.framing import PeerRefused, connect
from common.net.ports import PortRange, listen
from common.net.proof import SharedSecret
from common.net.tls import NodeTls
from realtime.engineio.peers import Reply
from realtime.relay import link
from realtime.relay.link import PeerConnection, Serving
from realtime.relay.names import GatewayAddress, GatewayNames
from realtime.relay.tunnel import Tunnel
from realtime.socketio import EngineServer

log = get_logger(__name__)

_MAX_CALLS: Final = 20_000  # requests that may wait for other gateways
_MAX_BYTES: Final = 64 * 2**20  # of their bodies
_MAX_TUNNELS: Final = 10_000
_CONNECT_S: Final = 2.0
_SPARE_S: Final = 5.0  # beyond the time in which an owner has something to say, a ping at the latest

Count = Callable[[str, str], None]


class Relay:
    """`realtime.wire.Peers` of gateways that share a secret. `count` is told what was asked, and how it ended."""

    def __init__(
        self,
        secret: bytes,
        count: Count,
        *,
        max_calls: int = _MAX_CALLS,
        max_tunnels: int = _MAX_TUNNELS,
        tls: NodeTls | None = None,
    ) -> None:
        self._secret = SharedSecret(secret, link.PURPOSE)
        self._tls = tls
        self._names = GatewayNames(secret)
        self._count = count
        self._max_calls, self._max_tunnels = max_calls, max_tunnels
        self._name = ""
        self._address: GatewayAddress | None = None
        self._listener: asyncio.Server | None = None
        self._serving: set[Serving] = set()
        self._links: dict[GatewayAddress, asyncio.Future[PeerConnection]] = {}
        self._polls: dict[str, PeerConnection] = {}
        self._tunnels: set[Tunnel] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._tunnelling = 0
        self._calls = 0
        self._bytes = 0
        self._leaving = False
        self.server: EngineServer

    # life

    async def start(self, server: EngineServer, host: str, ports: PortRange | None = None) -> GatewayAddress:
        """Answer for the sessions of `server`, on a free port of this address (one of `ports`, if they are given),
        which other gateways can reach.

        Raises:
            StartupError: it cannot be had.
        """
        self.server = server
        loop = asyncio.get_running_loop()
        try:
            listening = listen(host, ports)
            self._listener = await loop.create_server(
                lambda: Serving(self, self._secret, "relay"),
                sock=listening,
                ssl=None if self._tls is None else self._tls.listener,
            )
        except OSError as error:
            raise StartupError(f"The gateway cannot listen on {host} for others ({error.strerror}).") from None
        self._address = GatewayAddress(*self._listener.sockets[0].getsockname()[:2])
        self._name = self._names.seal(self._address)
        return self._address

    def leave(self, over_s: float, dice: random.Random) -> None:
        """This gateway goes: clients of others are to come by another way from now on. Those that poll are answered
        and lose their connections here; WebSockets, which must begin anew, are closed at random within `over_s`."""
        self._leaving = True
        for sid, to in self._polls.items():
            to.tell_of(link.RELEASE, sid)
        loop = asyncio.get_running_loop()
        for tunnel in self._tunnels:
            loop.call_later(dice.uniform(0.0, over_s), tunnel.close)

    async def emptied(self, within_s: float) -> None:
        """Wait, but not longer, until nothing is carried for clients any more."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), within_s)

    def close(self) -> None:
        """Hang up on everybody. Idempotent."""
        if self._listener is not None:
            self._listener.close()
        for tunnel in list(self._tunnels):
            tunnel.close()
        for serving in list(self._serving):
            serving.hang_up()
        for connecting in self._links.values():
            if connecting.done() and not connecting.cancelled() and connecting.exception() is None:
                connecting.result().hang_up()
            connecting.cancel()

    def levels(self) -> dict[str, int]:
        """The requests and tunnels that are carried at the moment."""
        return {"forwards": self._calls, "tunnels": len(self._tunnels)}

    # what links tell (`link.Owner`)

    def opened(self, serving: Serving) -> None:
        """Another gateway, or a stranger, has connected."""
        self._serving.add(serving)

    def closed(self, serving: Serving) -> None:
        """It has gone."""
        self._serving.discard(serving)

    # what the server asks (`wire.Peers`)

    def named(self, session: str) -> str:
        """See `Peers`."""
        return self._names.join(self._name, session)

    def elsewhere(self, sid: str) -> bool:
        """See `Peers`."""
        return self._names.owner(sid) not in (None, self._address)

    async def poll(self, sid: str, jsonp: int | None) -> Reply | None:
        """See `Peers`."""
        return await self._ask("poll", sid, partial(self._poll, sid, jsonp))

    async def post(self, sid: str, body: str | None, jsonp: int | None) -> Reply | None:
        """See `Peers`."""
        return await self._ask("post", sid, lambda to: to.ask(link.POST, sid, jsonp, body), len(body or ""))

    async def tunnel(self, sid: str, head: bytes, *, deflate: bool) -> asyncio.Protocol | Reply | None:
        """See `Peers`."""
        address = self._names.owner(sid)
        assert address is not None
        if self._tunnelling >= self._max_tunnels or self._leaving:
            return self._refusal("upgrade")
        tunnel = Tunnel(head, self._tunnel_closed)
        connection: PeerConnection | None = None
        self._tunnelling += 1
        try:
            async with asyncio.timeout(self._patience_s):
                connection = await self._connect(address)
                if await connection.upgrade(sid, tunnel.owner, deflate=deflate):
                    self._tunnels.add(tunnel)
                    self._empty.clear()
                    self._count("upgrade", "ok")
                    return tunnel.client
        except OSError:  # it has gone, is another's, or takes too long
            pass
        finally:
            if tunnel not in self._tunnels:
                self._tunnelling -= 1
                if connection is not None:
                    connection.hang_up()
        self._count("upgrade", "gone")
        return None

    # requests

    @property
    def _patience_s(self) -> float:
        return self.server.ping_interval + self.server.ping_timeout + _SPARE_S

    async def _ask(self, what: str, sid: str, call: Callable[[PeerConnection], Any], size: int = 0) -> Reply | None:
        address = self._names.owner(sid)
        assert address is not None
        if self._calls >= self._max_calls or self._bytes + size > _MAX_BYTES:
            return self._refusal(what)
        self._calls += 1
        self._bytes += size
        reply: Reply | None = None
        try:
            async with asyncio.timeout(self._patience_s):
                reply = await call(await self._link(address))
        except OSError:  # it has gone, is another's, or takes too long
            pass
        finally:
            self._calls -= 1
            self._bytes -= size
        self._count(what, "gone" if reply is None else "ok")
        if reply is not None and self._leaving:
            reply["headers"].append(("Connection", "close"))
        return reply

    async def _poll(self, sid: str, jsonp: int | None, to: PeerConnection) -> Reply:
        self._polls[sid] = to
        self._empty.clear()
        try:
            if self._leaving:  # right behind the question
                asyncio.get_running_loop().call_soon(to.tell_of, link.RELEASE, sid)
            return await to.ask(link.POLL, sid, jsonp, None)
        except asyncio.CancelledError:  # the client has gone, or the owner says nothing
            to.tell_of(link.ABANDON, sid)
            raise
        finally:
            self._polls.pop(sid, None)
            self._carried()

    def _refusal(self, what: str) -> Reply:
        self._count(what, "overloaded")
        return {
            "status": "503 SERVICE UNAVAILABLE",
            "headers": [("Content-Type", "text/plain"), ("Retry-After", "1")],
            "response": b"Too many requests for other gateways.",
        }

    async def _link(self, address: GatewayAddress) -> PeerConnection:
        """The connection to this gateway; those who want it at once share one attempt."""
        connecting = self._links.get(address)
        if connecting is None or _over(connecting):
            connecting = self._links[address] = asyncio.ensure_future(self._connect(address))
            connecting.add_done_callback(partial(self._connected, address))
        return await asyncio.shield(connecting)

    async def _connect(self, address: GatewayAddress) -> PeerConnection:
        return await connect(PeerConnection, *address, self._secret, tls=self._tls, within_s=_CONNECT_S)

    def _connected(self, address: GatewayAddress, connecting: "asyncio.Future[PeerConnection]") -> None:
        if connecting.cancelled() or (error := connecting.exception()) is None:
            return
        if isinstance(error, PeerRefused):
            log.warning("relay.stranger", host=address.host, port=address.port)
        if self._links.get(address) is connecting:
            del self._links[address]

    def _tunnel_closed(self, tunnel: Tunnel) -> None:
        if tunnel in self._tunnels:
            self._tunnels.discard(tunnel)
            self._tunnelling -= 1
            self._carried()

    def _carried(self) -> None:
        """Something has ended."""
        if not self._polls and not self._tunnels:
            self._empty.set()


def _over(connecting: "asyncio.Future[PeerConnection]") -> bool:
    return connecting.done() and (
        connecting.cancelled() or connecting.exception() is not None or connecting.result().lost
    )
