"""What can be asked of the banners. Who may is for the policy to say, at the door."""

from actors.banners.records import Banner, BannerList, BannerReply
from actors.kernel.contract.entity import Command


class PutBanner(Command[BannerReply], frozen=True, tag="put"):
    """Show this, from `starts` until `ends`. Idempotent by its id."""

    banner: Banner


class EndBanner(Command[BannerReply], frozen=True, tag="end"):
    """Show it no more, or never. Idempotent while it is remembered."""

    banner: str


class ListBanners(Command[BannerList], frozen=True, tag="list"):
    """Those that last, of the role of whoever asks; Carewire itself is told of all."""


class TurnOn(Command[None], frozen=True, tag="turn_on"):
    """A timer: this one begins."""

    banner: str


class TurnOff(Command[None], frozen=True, tag="turn_off"):
    """A timer: this one ends."""

    banner: str


BannerCommand = PutBanner | EndBanner | ListBanners | TurnOn | TurnOff
