"""What is held back is judged again, because something that it hangs on has changed. Pure."""

from typing import Final

from actors.kernel.contract.entity import SetTimer
from actors.notifications.notifier.planning.plan import ChannelPlan, RuleVerdict
from actors.notifications.notifier.rules.telling import judging
from actors.notifications.notifier.state import NotifierState
from common.timeline import MINUTE_MS

_RESTING_MS: Final = 10 * MINUTE_MS


def judged_again(state: NotifierState, now_ms: int) -> list[SetTimer]:
    """The timers of all that was held for reasons that the person, or their zone, has just changed."""
    return [
        judging(number, channel, ChannelPlan("held", until=now_ms))
        for number, opened in state.kept.open.items()
        for channel in opened.due
        if channel in opened.gathered
    ]


def resting(now_ms: int) -> ChannelPlan:
    """Notifications are switched off: what has been owed since before waits until they are on again."""
    step = RuleVerdict("not_configured", "hold", "Notifications are switched off.")
    return ChannelPlan("held", (step,), now_ms + _RESTING_MS)
