"""An assignment as its rules see it."""

from typing import Protocol

from actors.kernel.contract.entity import Context
from actors.worksheets.assignment.contents import Given
from actors.worksheets.assignment.events import AssignmentChanged, Change
from actors.worksheets.assignment.queries import AssignmentOf
from actors.worksheets.assignment.records import Record
from actors.worksheets.assignment.state import House, Kept
from actors.worksheets.document.taking import Assignment


class Facing(Assignment, Protocol):
    """What rules may ask of it, besides what its document does."""

    id: str
    house: House
    kept: Kept

    @property
    def known(self) -> Record: ...
    def given(self, context: Context) -> Given: ...
    def answer(self, record: Record, context: Context, version: int) -> AssignmentOf: ...
    def changed(self, record: Record, change: Change, context: Context, text: str = "") -> AssignmentChanged: ...
    def document_key(self) -> str: ...
