"""What a decision leaves to be read."""

from actors.kernel.contract.entity import Query
from actors.outgoing.state import OutgoingRecord


class ListOutgoing(Query, frozen=True):
    """These, with the words of those that wait."""

    records: tuple[OutgoingRecord, ...]
