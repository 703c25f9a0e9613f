"""Who speaks, from the audio levels that senders put beside their packets (RFC 6464)."""

from typing import Final

SPEAKS_DB: Final = 50.0  # below the loudest that can be, on average
HOLDS_S: Final = 0.3  # that another must be the loudest for, to be the speaker
SILENT_S: Final = 2.0  # after which nobody is
_SMOOTH: Final = 0.15


class Loudest:
    """One room's. Levels are in dB below the loudest: 0 is loud, 127 is silence."""

    def __init__(self) -> None:
        self.speaker: str | None = None
        self._levels: dict[str, float] = {}
        self._heard: dict[str, float] = {}  # -> when they were last above the mark
        self._rival: tuple[str, float] | None = None  # and since when

    def heard(self, person: str, level: int, now: float) -> None:
        """A packet of theirs had this level."""
        average = self._levels.get(person, 127.0)
        average += (level - average) * _SMOOTH
        self._levels[person] = average
        if average <= SPEAKS_DB:
            self._heard[person] = now

    def gone(self, person: str) -> None:
        """They are muted, or left. If they were the speaker, `judge` will say so."""
        self._levels.pop(person, None)
        self._heard.pop(person, None)

    def level(self, person: str) -> float:
        """Their average."""
        return self._levels.get(person, 127.0)

    def recent(self) -> list[str]:
        """Who spoke, the last first."""
        return sorted(self._heard, key=self._heard.__getitem__, reverse=True)

    def judge(self, now: float) -> bool:
        """Decide anew who is the speaker. Whether that changed."""
        before = self.speaker
        if before is not None and now - self._heard.get(before, float("-inf")) > SILENT_S:
            self.speaker = None
        loud = [each for each, at in self._heard.items() if now - at <= HOLDS_S]
        best = min(loud, key=self._levels.__getitem__, default=None)
        if best is None or best == self.speaker:
            self._rival = None
        elif self._rival is None or self._rival[0] != best:
            self._rival = (best, now)
        elif now - self._rival[1] >= HOLDS_S:
            self.speaker, self._rival = best, None
        return self.speaker != before
