"""What became of a notification, as figures count it: by channel, a verdict, a reason, and what its deliveries came to.
No person, no word, no time of day: many notifications have the same figures, so they are counted by grouping."""

from math import ceil, log2
from typing import Final

import msgspec

from actors.notifications.notifier.items.item import DeliveryAttempt, Item

_STEPS: Final = 4  # of a doubling: durations are told within a fifth
_PUSH: Final = frozenset({"webpush", "fcm", "apns"})
_encode: Final = msgspec.json.Encoder().encode


class ChannelFigures(msgspec.Struct, frozen=True, array_like=True):
    """One channel. `states`: of its deliveries, sorted; beside that of a mail that was called unwanted stands
    "complained". `bucket`: how long the first that was accepted took; -1: none
    was."""

    channel: str
    verdict: str
    reason: str
    states: tuple[str, ...] = ()
    bucket: int = -1

    @property
    def took_ms(self) -> int | None:
        """At most so long, from the moment when it was made."""
        return None if self.bucket < 0 else round(2 ** (self.bucket / _STEPS))


_decode: Final = msgspec.json.Decoder(tuple[ChannelFigures, ...]).decode


def figures_of(item: Item) -> str:
    """As one text, the same for all that fared alike."""
    found = []
    for channel in sorted(item.plans):
        plan, deliveries = item.plans[channel], [one for one in item.deliveries if _is_of(one, channel)]
        accepted = [one.accepted_ms - item.created_ms for one in deliveries if one.accepted_ms]
        complaints = ["complained" for one in deliveries if one.complained_ms]
        states = tuple(sorted([*(one.state for one in deliveries), *complaints]))
        bucket = ceil(_STEPS * log2(max(1, min(accepted)))) if accepted else -1
        found.append(
            ChannelFigures(channel=channel, verdict=plan.verdict, reason=plan.reason, states=states, bucket=bucket)
        )
    return _encode(found).decode()


def figures_in(text: str) -> tuple[ChannelFigures, ...]:
    """The inverse."""
    return _decode(text)


def _is_of(delivery: DeliveryAttempt, channel: str) -> bool:
    return delivery.channel == channel or (channel == "push" and delivery.channel in _PUSH)
