"""The rules of banners: each begins and ends by a durable timer, or earlier by somebody's word."""

from dataclasses import dataclass, field
from typing import Final, assert_never

import msgspec
from msgspec.structs import replace

from actors.banners.commands import BannerCommand, EndBanner, ListBanners, PutBanner, TurnOff, TurnOn
from actors.banners.events import BannerBegan, BannerEnded, BannerEvent, BannerPlanned
from actors.banners.records import Banner, BannerList, BannerReply, shown
from actors.kernel.contract.entity import Context, Decision, Principal, SetTimer
from common.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied

MOST: Final = 50
_pack: Final = msgspec.msgpack.Encoder().encode


@dataclass(slots=True)
class BannerBoard:
    """`banners`: those that last, and those that will."""

    banners: dict[str, Banner] = field(default_factory=dict)

    def decide(self, command: BannerCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            PermissionDenied: it is not Carewire itself that changes them; the door knows who may.
            NotFound: there is no such banner (any more).
            InvalidArgument: it ends before it begins, or has ended.
            FailedPrecondition: there are too many.
        """
        if isinstance(command, ListBanners):
            return Decision(self._listed(context.by))
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself may do this.")
        match command:
            case PutBanner():
                return self._put(command.banner, context.now_ms)
            case EndBanner():
                return self._end(self._known(command.banner), context.now_ms)
            case TurnOn():
                waiting = self.banners.get(command.banner)
                return _begun(waiting) if waiting is not None and not waiting.begun else Decision()
            case TurnOff():
                lasting = self.banners.get(command.banner)
                return Decision(events=[BannerEnded(banner=lasting)]) if lasting is not None else Decision()
        assert_never(command)

    def apply(self, event: BannerEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        if isinstance(event, BannerEnded):
            self.banners.pop(event.banner.id, None)
        else:
            self.banners[event.banner.id] = event.banner

    def _listed(self, by: Principal) -> BannerList:
        lasting = [one for one in self.banners.values() if one.begun and (by.is_system or one.is_for(by.role))]
        return BannerList(banners=[shown(one) for one in lasting])

    def _known(self, banner: str) -> Banner:
        if banner not in self.banners:
            raise NotFound("There is no such banner, or it has ended.", banner=banner)
        return self.banners[banner]

    def _put(self, banner: Banner, now_ms: int) -> Decision:
        if (there := self.banners.get(banner.id)) is not None:
            return Decision(BannerReply(banner=shown(there)))
        if banner.ends <= max(banner.starts, now_ms):
            raise InvalidArgument("ends_at lies ahead, behind starts_at.", details={"field": "ends_at"})
        if len(self.banners) >= MOST:
            raise FailedPrecondition(f"There are {MOST} banners. End one first.")
        off = SetTimer(f"off:{banner.id}", banner.ends, _pack(TurnOff(banner.id)))
        reply = BannerReply(banner=shown(banner))
        if banner.starts <= now_ms:
            return Decision(reply, events=[BannerBegan(banner=replace(banner, begun=True))], timers=[off])
        on = SetTimer(f"on:{banner.id}", banner.starts, _pack(TurnOn(banner.id)))
        return Decision(reply, events=[BannerPlanned(banner=banner)], timers=[on, off])

    def _end(self, banner: Banner, now_ms: int) -> Decision:
        ended = replace(banner, ends=min(banner.ends, now_ms))
        return Decision(BannerReply(banner=shown(ended)), events=[BannerEnded(banner=ended)])


def _begun(banner: Banner) -> Decision:
    return Decision(events=[BannerBegan(banner=replace(banner, begun=True))])
