"""What a decision leaves to be read from storage once its turn is stored. They never travel."""

from actors.kernel.contract.entity import Query
from actors.rooms.replies import JoinedRoom


class Page(Query, frozen=True):
    """A page of messages between two seqs, both exclusive."""

    before: int | None
    after: int | None
    limit: int


class Standing(Query, frozen=True):
    """Where the room stands, for one who joins: `answer` with the messages filled in. `silent`: nothing was ever said
    here, so there is nothing to be read."""

    answer: JoinedRoom
    since: int | None
    silent: bool = False
