"""How it is for people, in one number: from 0 to 100, and why it is not better."""

from dataclasses import dataclass, field
from typing import Final, Literal

from msgspec.structs import replace

from actors.meetings.commands import ReportQuality
from actors.meetings.events import QualityNoted
from actors.meetings.reports import Sample
from actors.meetings.rules.draft import MeetingDraft
from actors.meetings.shown import ShownQuality
from actors.meetings.state import Minutes, Record

Level = Literal["excellent", "good", "poor", "lost"]
_MINUTE_MS: Final = 60_000
_POOR: Final = 50
_SLOW_UP_BPS: Final = 100_000
_SLIGHT: Final = 5  # a change that is worth no word
_KEPT_MS: Final = 30_000  # that an old sample says something


@dataclass(slots=True)
class Pulse:
    """The last samples. In memory only: a shard that restarts begins anew."""

    samples: dict[str, tuple[int, Sample]] = field(default_factory=dict)
    told: dict[str, ShownQuality] = field(default_factory=dict)
    told_at: int = 0

    def quality(self, participant: str, now_ms: int) -> ShownQuality | None:
        """How it is for them, as far as it is known."""
        at_ms, sample = self.samples.get(participant, (0, None))
        return shown(sample) if sample is not None and now_ms - at_ms < _KEPT_MS else None


def level_of(score: int) -> Level:
    """In words."""
    return "excellent" if score >= 80 else "good" if score >= _POOR else "poor" if score > 0 else "lost"


def shown(sample: Sample) -> ShownQuality:
    """As people see it."""
    return ShownQuality(sample.score, level_of(sample.score), sample.cause)


def sample_of(participant: str, said: ReportQuality, *, relayed: bool) -> Sample:
    """What a client says of itself. Delay counts from 150 ms on (ITU-T G.114), loss from the first percent."""
    rtt, loss, jitter = said.rtt_ms or 0.0, said.loss or 0.0, said.jitter_ms or 0.0
    score = 100.0 - min(40.0, max(0.0, rtt - 150.0) / 10.0) - min(70.0, loss * 700.0) - min(20.0, jitter / 5.0)
    if said.limited_by != "none":
        score -= 20.0
    cause: Literal["none", "uplink", "downlink", "cpu", "relay"] = "none"
    if score < 80:
        slow_up = said.limited_by == "bandwidth" or (said.up_bps is not None and said.up_bps < _SLOW_UP_BPS)
        cause = "cpu" if said.limited_by == "cpu" else "uplink" if slow_up else "relay" if relayed else "downlink"
    return Sample(
        participant=participant,
        score=round(min(100.0, max(1.0, score))),
        cause=cause,
        rtt_ms=rtt,
        loss=loss,
        up_bps=said.up_bps or 0.0,
        down_bps=said.down_bps or 0.0,
    )


def measured(draft: MeetingDraft, pulse: Pulse, samples: tuple[Sample, ...]) -> None:
    """Remember them; count each one's minute once; tell those who are there, when something has changed."""
    for sample in samples:
        seat = draft.record.seat(sample.participant)
        if seat is not None and seat.inside:
            pulse.samples[sample.participant] = (draft.now_ms, sample)
            _count(draft, sample)
    _tell(draft, pulse)


def _count(draft: MeetingDraft, sample: Sample) -> None:
    minute = draft.now_ms // _MINUTE_MS
    before = minutes_of(draft.record, sample.participant)
    if minute == before.last:
        return
    poor = sample.score < _POOR
    causes = before.causes if sample.cause == "none" else tuple(sorted({*before.causes, sample.cause}))
    after = replace(before, minutes=before.minutes + 1, poor=before.poor + poor, causes=causes, last=minute)
    draft.say(
        QualityNoted(
            participant=sample.participant,
            at=draft.now_ms,
            score=sample.score,
            cause=sample.cause,
            rtt_ms=sample.rtt_ms,
            loss=sample.loss,
            minutes=after,
        )
    )


def minutes_of(record: Record, participant: str) -> Minutes:
    """What was counted of them so far."""
    return next((each for each in record.minutes if each.participant == participant), Minutes(participant))


def _tell(draft: MeetingDraft, pulse: Pulse) -> None:
    if draft.now_ms - pulse.told_at < draft.terms.tell_quality:
        return
    news = []
    for participant, (_, sample) in pulse.samples.items():
        now, before = shown(sample), pulse.told.get(participant)
        if before is None or _differ(before, now):
            pulse.told[participant] = now
            news.append({"participant_id": participant, "score": now.score, "level": now.level, "cause": now.cause})
    if news:
        pulse.told_at = draft.now_ms
        draft.tell("meeting_quality", participants=news)


def _differ(one: ShownQuality, other: ShownQuality) -> bool:
    return (one.level, one.cause) != (other.level, other.cause) or abs(one.score - other.score) >= _SLIGHT
