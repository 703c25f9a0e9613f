"""What the house holds back in rooms that hold: lists of words, and for each kind of find whether it is held, by what
the room is. Pure."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

Category = Literal["words", "link", "email", "phone", "address"]
Answer = Literal["hold", "let"]
CATEGORIES: Final[tuple[Category, ...]] = ("words", "link", "email", "phone", "address")
SafetyWord = Annotated[str, Meta(min_length=2, max_length=64, pattern=r"\A[^\0\n]*\Z")]
RelationName = Literal["client_client", "therapist_therapist", "client_therapist", "room"]


class SafetyRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`words`: beside those that are shipped. `actions`: by kind of find, then by what the room is; what is not named
    is held."""

    words: Annotated[list[SafetyWord], Meta(max_length=2000)] = []
    actions: dict[Category, dict[RelationName, Answer]] = {}

    def held(self, found: tuple[str, ...], relation: str) -> tuple[str, ...]:
        """Of what was found, what holds a message in such a room."""
        let = {
            category
            for category, cells in self.actions.items()
            for name, answer in cells.items()
            if name == (relation or "room") and answer == "let"
        }
        return tuple(one for one in found if one not in let)


SHIPPED: Final = SafetyRules()
decode: Final = msgspec.json.Decoder(SafetyRules).decode
encode: Final = msgspec.json.Encoder().encode
