"""What happens to the document. It is stored for ever: new members stand at the end, with defaults."""

import msgspec

from actors.kernel.contract.entity import Event
from actors.worksheets.yjs.index import StoredIndex


class DocumentUpdated(Event, frozen=True, kw_only=True, array_like=True, tag="document_updated"):
    """`by` wrote ("": Carewire in the place of `client`, who has no Yjs). The secret is the update, `author` the client
    of the assignment. `numbers` were not known before."""

    by: str
    attempt: int
    numbers: tuple[int, ...] = ()
    size: int = 0


class Checkpoint(Event, frozen=True, kw_only=True, array_like=True, tag="document_checkpoint"):
    """The document as it stands, in one piece: the secret is a packed `Whole`. The events `replaces` lose theirs. The
    first of an attempt has `begins`."""

    attempt: int
    replaces: tuple[int, ...] = ()
    size: int = 0
    begins: bool = False


class Whole(msgspec.Struct, frozen=True, array_like=True):
    """A document: its state as Yjs encodes it, its index, and how many structs it has."""

    state: bytes
    index: StoredIndex
    structs: int = 0


DocumentEvent = DocumentUpdated | Checkpoint
