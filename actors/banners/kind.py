"""Banners as the kernel sees them. Each gateway listens once, and tells its sockets from memory."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.banners.board import BannerBoard
from actors.banners.commands import BannerCommand
from actors.banners.events import BannerBegan, BannerEvent, BannerPlanned
from actors.banners.records import Banner, shown
from actors.kernel.contract.entity import Kind, Principal, Recorded, Shown
from common.errors import PermissionDenied

HOUSE: Final = "banners:house"
BEGAN: Final = "system_banner"
ENDED: Final = "system_banner_ended"
_pack: Final = msgspec.msgpack.Encoder().encode
_to_json: Final = msgspec.json.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(list[Banner]).decode


class BannerKind(Kind[BannerBoard, BannerCommand, BannerEvent]):
    """`banners:house`, and no other."""

    name = "banners"
    commands = BannerCommand
    events = BannerEvent

    @override
    def create(self, key: str) -> BannerBoard:
        return BannerBoard()

    @override
    def snapshot(self, entity: BannerBoard) -> bytes:
        return _pack(list(entity.banners.values()))

    @override
    def restore(self, key: str, state: bytes) -> BannerBoard:
        return BannerBoard({banner.id: banner for banner in _state(state)})

    @override
    def admit(self, entity: BannerBoard, by: Principal) -> None:
        if not by.is_system:
            raise PermissionDenied("Gateways listen to banners, and tell everybody.")

    @override
    def show(self, entity_id: str, recorded: Recorded[BannerEvent], part: None) -> Shown | None:
        event = recorded.event
        if isinstance(event, BannerPlanned):
            return None
        if isinstance(event, BannerBegan):
            return Shown(BEGAN, _to_json({"banner": shown(event.banner)}))
        return Shown(ENDED, _to_json({"banner_id": event.banner.id}))
