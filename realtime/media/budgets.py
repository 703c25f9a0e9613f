"""What one connection may cost, so that whoever floods loses no more than their own media."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """Of each connection."""

    packets_a_second: int = 3000
    bytes_a_second: int = 2_500_000
    offers_a_minute: int = 30
    retransmitted_bytes_a_second: int = 500_000
    streams: int = 24  # incoming SSRCs
    addresses: int = 16  # from which checks came
    handshake_s: float = 10.0
    silence_s: float = 3.0  # without a packet, of whom media flows to or from
    idle_silence_s: float = 12.0  # without a packet, of whom nothing flows: a check each five seconds is all that comes


class Bucket:
    """`rate` a second, and at most `burst_s` seconds of that at once."""

    __slots__ = ("_at", "_left", "most", "rate")

    def __init__(self, rate: float, *, burst_s: float = 1.0) -> None:
        self.rate = rate
        self.most = rate * burst_s
        self._left = self.most
        self._at = 0.0

    def take(self, amount: float, now: float) -> bool:
        """Whether there is as much left; if so, it is taken."""
        left = min(self.most, self._left + (now - self._at) * self.rate)
        self._at = now
        if left < amount:
            self._left = left
            return False
        self._left = left - amount
        return True
