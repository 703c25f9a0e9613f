"""A banner as data, and as people see it."""

from typing import Literal

import msgspec

from common.clock import to_rfc3339

Severity = Literal["info", "warning", "outage"]


class Banner(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A banner. Times in ms. `roles`: for whom; (): for everybody, also for who has not said who they are."""

    id: str
    title: str
    body: str
    severity: Severity
    starts: int
    ends: int
    roles: tuple[str, ...] = ()
    begun: bool = False

    def is_for(self, role: str) -> bool:
        """Is it shown to this role ("nobody": unknown)?"""
        return not self.roles or role in self.roles


class ShownBanner(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A banner as people see it."""

    id: str
    title: str
    body: str
    severity: Severity
    starts_at: str
    ends_at: str
    roles: list[str] = []


class BannerList(msgspec.Struct, frozen=True, kw_only=True):
    """Banners that last."""

    banners: list[ShownBanner]


class BannerReply(msgspec.Struct, frozen=True, kw_only=True):
    """One of them."""

    banner: ShownBanner


def shown(banner: Banner) -> ShownBanner:
    """The banner as people see it."""
    return ShownBanner(
        id=banner.id,
        title=banner.title,
        body=banner.body,
        severity=banner.severity,
        starts_at=to_rfc3339(banner.starts),
        ends_at=to_rfc3339(banner.ends),
        roles=list(banner.roles),
    )
