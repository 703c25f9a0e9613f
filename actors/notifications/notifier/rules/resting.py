"""Notifications are switched off: what has been owed since before waits until they are on again. Pure."""

from typing import Final

from actors.notifications.notifier.planning.plan import ChannelPlan, RuleVerdict
from common.timeline import MINUTE_MS

_RESTING_MS: Final = 10 * MINUTE_MS


def after_rest(now_ms: int) -> int:
    """When to look again whether they are on (ms)."""
    return now_ms + _RESTING_MS


def resting(now_ms: int) -> ChannelPlan:
    """The plan of what waits."""
    step = RuleVerdict("not_configured", "hold", "Notifications are switched off.")
    return ChannelPlan("held", (step,), after_rest(now_ms))
