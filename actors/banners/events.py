"""What happens to banners. What is stored is stored for ever: new members stand at the end, with defaults."""

from actors.banners.records import Banner
from actors.kernel.contract.entity import Event


class BannerPlanned(Event, frozen=True, kw_only=True, array_like=True, tag="planned"):
    """It was made, and begins later."""

    banner: Banner


class BannerBegan(Event, frozen=True, kw_only=True, array_like=True, tag="began"):
    """It is shown from now on."""

    banner: Banner


class BannerEnded(Event, frozen=True, kw_only=True, array_like=True, tag="ended"):
    """It is shown no more."""

    banner: Banner


BannerEvent = BannerPlanned | BannerBegan | BannerEnded
