"""Where a notification is told, when, and why not: one pure function, which the notifier and `explain_notification`
ask alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from actors.notifications.notifier.planning.preferences import Preferences
from actors.notifications.notifier.planning.quiet import digest_due, quiet_until
from actors.notifications.types import Channel, NotificationType, Priority
from common.timeline import HOUR_MS
from config.capabilities.notifications import NotificationSettings

Verdict = Literal["sent", "held", "skipped", "failed"]
Outcome = Literal["pass", "hold", "skip"]
_SECOND_MS: Final = 1000
_GATHERING_MS: Final = 2 * _SECOND_MS
"""How long a mail that waits for nobody waits for others of its group: the bookings of a series are one mail."""


class RuleVerdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule that was asked, and what it said."""

    rule: str
    outcome: Outcome
    detail: str = ""


class ChannelPlan(msgspec.Struct, frozen=True):
    """What becomes of a notification on one channel. `until`: when it is judged again (ms; 0: it is not)."""

    verdict: Verdict
    steps: tuple[RuleVerdict, ...] = ()
    until: int = 0

    @property
    def reason(self) -> str:
        """The rule that held it back or dropped it; "": none did."""
        return self.steps[-1].rule if self.steps and self.steps[-1].outcome != "pass" else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """All that a plan depends on. Times in ms.

    `send_at_ms`: it is not told before. `since_ms`: when the notification was made; `waited`: it has been waited for
    somebody to see it. `devices`: how many can be pushed to. `pushes`: when there were pushes within the last hour, and
    about what. `barred`: why the devices that there are cannot, if that is so.
    `configured`: channels that this installation has. `blocked`: what came to pass meanwhile, as the reason
    that it is. `grouped`: others may join it within moments, and be told with it.
    """

    type: NotificationType
    priority: Priority
    now_ms: int
    since_ms: int
    preferences: Preferences
    zone: ZoneInfo
    channels: Sequence[Channel] | None = None
    at_once: bool = False
    waited: bool = False
    expires_ms: int = 0
    send_at_ms: int = 0
    sender: str = ""
    room: str = ""
    named: bool = False
    topic: str = ""
    grouped: bool = False
    devices: int = 0
    barred: str = ""
    pushes: Sequence[tuple[int, str]] = ()
    configured: frozenset[Channel] = frozenset(("in_app", "push", "email"))
    blocked: str = ""


def plan(channel: Channel, facts: PlanFacts, settings: NotificationSettings) -> ChannelPlan:
    """What becomes of it there: rule after rule, until one holds it back or drops it."""
    steps: list[RuleVerdict] = []
    later = facts.send_at_ms if facts.send_at_ms > facts.now_ms else 0
    for step, until in _rules(channel, facts, settings):
        steps.append(step)
        if step.outcome == "skip":
            return ChannelPlan("skipped", tuple(steps))
        if step.outcome == "hold":
            return ChannelPlan("held", tuple(steps), until)
    return ChannelPlan("held" if later else "sent", tuple(steps), later)


def wait_ms(channel: Channel, facts: PlanFacts, settings: NotificationSettings) -> int:
    """How long it waits for somebody to see it elsewhere."""
    if channel == "in_app" or facts.at_once or facts.priority == "critical":
        return 0
    if channel == "push":
        return int(settings.push_wait_s * _SECOND_MS)
    if facts.type.email_at_once:
        return _GATHERING_MS if facts.grouped else 0
    return int(settings.email_wait_s * _SECOND_MS)


def _rules(channel: Channel, facts: PlanFacts, settings: NotificationSettings) -> Iterator[tuple[RuleVerdict, int]]:
    """Each rule that concerns the channel, in its order, with the moment until which it holds back."""
    configured = channel in facts.configured
    yield RuleVerdict("not_configured", "pass" if configured else "skip"), 0
    if facts.blocked:
        yield RuleVerdict(facts.blocked, "skip"), 0
    if facts.expires_ms:
        yield RuleVerdict("expired", "skip" if facts.now_ms >= facts.expires_ms else "pass"), 0
    yield _type_allows(channel, facts), 0
    if channel != "in_app":
        yield _preference_allows(channel, facts), 0
        yield _not_muted(facts), 0
    if channel == "push":
        yield RuleVerdict("no_device", "pass") if facts.devices else RuleVerdict("no_device", "skip", facts.barred), 0
    if channel != "in_app" and facts.send_at_ms <= facts.now_ms:
        yield from _times(channel, facts, settings)


def _type_allows(channel: Channel, facts: PlanFacts) -> RuleVerdict:
    if facts.channels is not None and channel not in facts.channels:
        return RuleVerdict("type_off", "skip", "Whoever made it chose other channels.")
    if facts.type.locked:
        return RuleVerdict("type_off", "pass", "This type cannot be turned off.")
    if channel == "in_app":
        return RuleVerdict("type_off", "pass")
    chosen = facts.preferences.types.get(facts.type.type)
    on = chosen.of(channel) if chosen is not None else None
    asked_for = facts.channels is not None
    return RuleVerdict(
        "type_off", "pass" if (facts.type.told_by(channel) or asked_for if on is None else on) else "skip"
    )


def _preference_allows(channel: Channel, facts: PlanFacts) -> RuleVerdict:
    on = facts.preferences.channels.push if channel == "push" else facts.preferences.channels.email
    if facts.type.locked:
        return RuleVerdict("preference_off", "pass", "This type cannot be turned off.")
    return RuleVerdict("preference_off", "pass" if on else "skip")


def _not_muted(facts: PlanFacts) -> RuleVerdict:
    if facts.type.locked:
        return RuleVerdict("muted", "pass", "This type cannot be muted.")
    choice = facts.preferences.rooms.get(facts.room, "all") if facts.room else "all"
    if choice == "none" or (choice == "mentions" and not facts.named):
        return RuleVerdict("muted", "skip", "So it was chosen for the room.")
    if facts.sender and facts.sender in facts.preferences.muted:
        until = facts.preferences.muted[facts.sender]
        if until is None or facts.now_ms < until:
            return RuleVerdict("muted", "skip", "The sender is muted.")
    return RuleVerdict("muted", "pass")


def _times(channel: Channel, facts: PlanFacts, settings: NotificationSettings) -> Iterator[tuple[RuleVerdict, int]]:
    """What holds it back: rules of time."""
    wait = wait_ms(channel, facts, settings)
    if wait and not facts.waited:
        yield (
            RuleVerdict("acknowledged", "hold", f"It waits {wait // _SECOND_MS} s to be seen elsewhere."),
            (facts.since_ms + wait),
        )
    yield RuleVerdict("acknowledged", "pass"), 0
    if not (facts.at_once or (channel == "email" and facts.type.email_at_once)):
        yield _quiet(facts)
    if channel == "push" and not facts.at_once:
        yield _rate(facts, settings)
    if channel == "email" and not (facts.at_once or facts.type.email_at_once):
        yield _digest(facts)


def _quiet(facts: PlanFacts) -> tuple[RuleVerdict, int]:
    until = quiet_until(facts.preferences.quiet_hours, facts.zone, facts.now_ms)
    if until is None:
        return RuleVerdict("quiet_hours", "pass"), 0
    if facts.priority == "critical":
        return RuleVerdict("quiet_hours", "pass", "What is critical passes."), 0
    return RuleVerdict("quiet_hours", "hold"), until


def _rate(facts: PlanFacts, settings: NotificationSettings) -> tuple[RuleVerdict, int]:
    recent = [(at, topic) for at, topic in facts.pushes if at > facts.now_ms - HOUR_MS]
    of_it = [at for at, topic in recent if topic == facts.topic] if facts.topic else []
    frees = _frees([at for at, _ in recent], settings.pushes_per_hour)
    frees = max(frees, _frees(of_it, settings.pushes_per_subject))
    if not frees:
        return RuleVerdict("rate_capped", "pass"), 0
    if facts.priority == "critical":
        return RuleVerdict("rate_capped", "pass", "What is critical passes."), 0
    return RuleVerdict("rate_capped", "hold", "What comes too often is told together later."), frees


def _frees(times: Sequence[int], most: int) -> int:
    """When there may be another one; 0: now."""
    return sorted(times)[-most] + HOUR_MS if len(times) >= most else 0


def _digest(facts: PlanFacts) -> tuple[RuleVerdict, int]:
    due = digest_due(facts.preferences.digest, facts.zone, facts.now_ms)
    if due is None:
        return RuleVerdict("digest", "pass"), 0
    if facts.priority == "critical" or facts.type.locked:
        return RuleVerdict("digest", "pass", "This is never put off."), 0
    return RuleVerdict("digest", "hold"), due
