"""Ways of writing: dialects, second-language English, phones. Spelling and grammar only; what is said stays the same.

They are rough sketches of a few features each (J1), to train on and to see whether anybody is understood less.
"""

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Final

Rewrite = Callable[[str, Random], str]
SHORTEST: Final = 5


def _by(table: Mapping[str, str]) -> Rewrite:
    pattern = re.compile("|".join(rf"\b{one}\b" for one in sorted(table, key=len, reverse=True)), re.IGNORECASE)
    return lambda text, _: pattern.sub(lambda found: table[found.group().lower()], text)


def _slip(text: str, dice: Random) -> str:
    """A slip of the keyboard in one or two of the longer words."""
    words = text.split(" ")
    long = [at for at, word in enumerate(words) if len(word) >= SHORTEST and word.isalpha()]
    for at in dice.sample(long, min(2, len(long))):
        word, letter = words[at], dice.randrange(1, len(words[at]) - 2)
        words[at] = dice.choice(
            (
                word[:letter] + word[letter + 1] + word[letter] + word[letter + 2 :],
                word[:letter] + word[letter] * 2 + word[letter + 1 :],
                word[:letter] + word[letter + 1 :],
            )
        )
    return " ".join(words)


def _phone(text: str, _: Random) -> str:
    """Small letters, no apostrophes, no marks, the usual short forms."""
    text = re.sub(r"['.,!?]", "", text.lower())
    return _SHORT(text, _)


_SHORT: Final = _by(
    {"you": "u", "your": "ur", "are": "r", "please": "pls", "thanks": "thx", "tomorrow": "tmrw", "tonight": "tonite",
     "because": "cuz", "want to": "wanna", "going to": "gonna", "to": "2", "for": "4", "with": "w", "and": "n"}
)  # fmt: skip
VARIETIES: Final[Mapping[str, Rewrite]] = {
    "standard": lambda text, _: text,
    "phone": _phone,
    "misspelt": _slip,
    "African American": _by(
        {"i am going to": "ima", "going to": "finna", "is not": "ain't", "am not": "ain't", "isn't": "ain't",
         "don't have": "ain't got", "he is": "he", "she is": "she", "they are": "they", "is having": "be having",
         "hits": "be hittin", "doing": "doin", "going": "goin", "killing": "killin", "thinking": "thinkin",
         "bleeding": "bleedin", "breathing": "breathin", "cutting": "cuttin", "any more": "no more", "want to": "wanna"}
    ),
    "Scottish": _by(
        {"can't": "cannae", "cannot": "cannae", "don't": "dinnae", "do not": "dinnae", "isn't": "isnae", "is not": "isnae",
         "won't": "willnae", "will not": "willnae", "didn't": "didnae", "my": "ma", "to": "tae", "going": "gaun", "of": "ae",
         "myself": "masel", "no": "nae", "down": "doon", "about": "aboot", "from": "fae", "i am": "am", "small": "wee"}
    ),
    "Indian": _by(
        {"i have": "i am having", "i want": "i am wanting", "i think": "i am thinking", "please": "kindly", "today": "today only",
         "i need": "i am needing", "can i": "can i please", "tell me": "kindly tell me", "move": "prepone", "next": "coming"}
    ),
    "Spanish speaker": _by(
        {"i am": "am", "i have": "have", "it is": "is", "i don't": "i no", "i do not": "i no", "i can't": "i no can",
         "he is": "is", "she is": "is", "very": "bery", "is not": "no is", "does not": "no", "my husband": "my esposo",
         "want to": "want", "going to": "go to", "the": "de", "school": "eschool", "start": "estart", "stop": "estop"}
    ),
    "German speaker": _by(
        {"i am going to": "i will", "for weeks": "since weeks", "want": "will", "can i": "can i please", "that": "dat",
         "with": "wiz", "this": "zis", "think": "sink", "the": "ze", "when is": "when becomes", "have to": "must",
         "breathe": "breath", "live": "leave", "what": "wat", "medicine": "medicament"}
    ),
    "Arabic speaker": _by(
        {"is": "", "am": "", "are": "", "a": "", "an": "", "pay": "bay", "please": "blease", "people": "beoble", "pills": "bills of medicine",
         "pain": "bain", "appointment": "abointment", "help": "helb", "very": "fery", "have": "haf", "i don't": "i not"}
    ),
}  # fmt: skip


def written(text: str, variety: str, dice: Random) -> str:
    """The text as somebody of this variety might write it."""
    return " ".join(VARIETIES[variety](text, dice).split())
