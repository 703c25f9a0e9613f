"""A kind together with the tools to run it over the stores of a process."""

from collections.abc import Iterable

import msgspec

from actors.kernel.contract.activities import Answered, Still
from actors.kernel.contract.entity import AnyKind, Attach
from actors.kernel.contract.reactions import AnyReaction, by_event
from actors.kernel.history.codec import Codec
from actors.kernel.history.library import StoredLibrary
from store.ports.stores import Stores


class KindRuntime:
    """A kind with the tools to run it in this shard. `reactions` are those of a table for its events; whoever rebuilds
    read models hands in none."""

    def __init__(self, kind: AnyKind, stores: Stores, reactions: Iterable[AnyReaction] = ()) -> None:
        self.kind = kind
        self.reactions = by_event(reactions, kind.name)
        self.codec = Codec(kind, stores.vault)
        self.library = StoredLibrary(kind, stores)
        self.decode_command = msgspec.msgpack.Decoder(kind.commands).decode
        # Of a caller: every kind takes what the kernel itself knows, too.
        self.decode_item = msgspec.msgpack.Decoder(kind.commands | Attach | Answered | Still).decode
