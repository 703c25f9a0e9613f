"""An assignment as its rules see it."""

from typing import Protocol

from actors.kernel.contract.entity import Context
from actors.worksheets.assignment.contents import Given
from actors.worksheets.assignment.events import AssignmentChanged, Change
from actors.worksheets.assignment.queries import AssignmentOf
from actors.worksheets.assignment.records import AssignmentRecord
from actors.worksheets.assignment.state import AssignmentSettings, AssignmentState
from actors.worksheets.document.taking import DocumentAssignment


class Facing(DocumentAssignment, Protocol):
    """What rules may ask of it, besides what its document does."""

    id: str
    house: AssignmentSettings
    kept: AssignmentState

    @property
    def known(self) -> AssignmentRecord: ...
    def given(self, context: Context) -> Given: ...
    def answer(self, record: AssignmentRecord, context: Context, version: int) -> AssignmentOf: ...
    def changed(
        self, record: AssignmentRecord, change: Change, context: Context, text: str = ""
    ) -> AssignmentChanged: ...
    def document_key(self) -> str: ...
