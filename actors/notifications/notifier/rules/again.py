"""What is held back is judged again, because something that it hangs on has changed. Pure."""

from actors.kernel.contract.entity import SetTimer
from actors.notifications.notifier.planning.plan import ChannelPlan
from actors.notifications.notifier.rules.telling import judging
from actors.notifications.notifier.state import NotifierState


def judged_again(state: NotifierState, now_ms: int) -> list[SetTimer]:
    """The timers of all that was held for reasons that the person, or their zone, has just changed."""
    return [
        judging(number, channel, ChannelPlan("held", until=now_ms))
        for number, opened in state.kept.open.items()
        for channel in opened.due
        if channel in opened.gathered
    ]
