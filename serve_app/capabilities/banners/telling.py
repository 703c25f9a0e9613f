"""A gateway's side of banners: one subscription, and a frame in memory for each that lasts. However many sockets come,
no shard is asked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from actors.banners.commands import ListBanners
from actors.banners.kind import BEGAN, HOUSE
from actors.banners.records import BannerList, ShownBanner
from actors.kernel.contract.entity import SYSTEM, packet_of
from actors.kernel.contract.ports import EntityClient
from actors.kernel.contract.protocol import TopicDelivery
from common.errors import CarewireError
from common.logs import get_logger
from realtime.delivery.connections import Connection
from realtime.delivery.socket_writer import event_frame
from realtime.front.hub import Hub
from realtime.socketio import Frame

log = get_logger(__name__)
_AGAIN_S: Final = 1.0
_packet: Final = msgspec.json.Decoder(tuple[str, dict[str, msgspec.Raw]]).decode
_banner: Final = msgspec.json.Decoder(ShownBanner).decode
_id: Final = msgspec.json.Decoder(str).decode
_list: Final = msgspec.json.Decoder(BannerList).decode


@dataclass(frozen=True, slots=True)
class Framed:
    """A banner that lasts, ready to send. `roles`: for whom; empty: for everybody."""

    frame: Frame
    roles: frozenset[str]

    def is_for(self, connection: Connection) -> bool:
        """Is it shown at this socket?"""
        return not self.roles or connection.principal.role in self.roles


class BannerTelling:
    """That of one gateway."""

    def __init__(self, hub: Hub, entities: EntityClient) -> None:
        self._hub, self._entities = hub, entities
        self._lasting: dict[str, Framed] = {}
        self._ended: set[str] = set()

    def begin(self) -> None:
        """Listen from now on. Does not wait."""
        self._hub.hears(HOUSE, self._heard)
        self._hub.greets(self._greet)
        self._hub.tasks.spawn(self._learn())

    async def _learn(self) -> None:
        """Which there are already. What begins or ends meanwhile is heard, and counts."""
        while True:
            try:
                reply = await self._entities.submit(HOUSE, ListBanners(), by=SYSTEM, listen=True)
            except CarewireError as error:
                log.warning("banners.not_heard", code=error.code)
                await asyncio.sleep(_AGAIN_S)
                continue
            for banner in _list(reply.data).banners:
                if banner.id not in self._ended and banner.id not in self._lasting:
                    self._show(banner)
            return

    def _greet(self, connection: Connection) -> None:
        for framed in self._lasting.values():
            if framed.is_for(connection):
                connection.writer.send(framed.frame)

    def _heard(self, deliveries: Sequence[TopicDelivery]) -> None:
        for delivery in deliveries:
            name, payload = _packet(delivery.packet)
            if name == BEGAN:
                self._show(_banner(payload["banner"]))
            else:
                self._end(_id(payload["banner_id"]), event_frame(delivery.packet))

    def _show(self, banner: ShownBanner) -> None:
        packet = packet_of(BEGAN, msgspec.json.encode({"banner": banner}))
        framed = self._lasting[banner.id] = Framed(event_frame(packet), frozenset(banner.roles))
        self._tell(framed, framed.frame)

    def _end(self, banner_id: str, frame: Frame) -> None:
        self._ended.add(banner_id)
        if (framed := self._lasting.pop(banner_id, None)) is not None:
            self._tell(framed, frame)

    def _tell(self, framed: Framed, frame: Frame) -> None:
        for connection in self._hub.connections:
            if connection.announced and framed.is_for(connection):
                connection.writer.send(frame)
