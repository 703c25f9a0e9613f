"""The name of an activity as its partner knows it: the same on every attempt, and a hash, so it names nobody."""

from dataclasses import dataclass

from typing_extensions import override

from actors.kernel.effects.activities.activity_ids import text_of


@dataclass(frozen=True, slots=True)
class PartnerKey:
    """`mark` is the activity's (16 bytes). `again` is 1, or more where the partner repeats a failure that it stored
    under the key."""

    mark: bytes
    again: int = 1

    @override
    def __str__(self) -> str:
        """`atv_` and 26 characters of base32 in lower case; `-2` behind it where the key had to be changed."""
        text = text_of(self.mark)
        return text if self.again == 1 else f"{text}-{self.again}"
