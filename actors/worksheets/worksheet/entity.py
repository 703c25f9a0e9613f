"""The rules of a worksheet: a published version never changes, and what is used word by word keeps its words."""

from dataclasses import dataclass
from typing import Final, assert_never

import msgspec
from msgspec.structs import replace

from actors.kernel.contract.entity import Context, Decision, Principal, Query
from actors.worksheets.schema.fields import Schema
from actors.worksheets.schema.verbatim import same_words
from actors.worksheets.versions import Versions, require_version
from actors.worksheets.worksheet.commands import (
    ArchiveWorksheet,
    CreateWorksheet,
    GetAssignable,
    GetFigures,
    GetWorksheet,
    PublishWorksheet,
    UpdateWorksheet,
    WorksheetCommand,
)
from actors.worksheets.worksheet.events import Drafted, SheetChanged, WorksheetEvent
from actors.worksheets.worksheet.records import Assignable, Sheet, Version, Visibility, WorksheetContent, shown
from common.errors import FailedPrecondition, NotFound, PermissionDenied
from common.policy import POLICY, Relation

TEXTS: Final = "texts"
_content: Final = msgspec.msgpack.Decoder(WorksheetContent).decode


class QuotingAnswer(Query, frozen=True):
    """An answer that quotes: it is given, and not kept."""

    answer: object


class WorksheetTexts(msgspec.Struct, frozen=True):
    """What the newest version says, and what the newest published one does. None: there is none, or its owner was
    erased."""

    newest: WorksheetContent | None = None
    published: WorksheetContent | None = None


class FiguresOf(Query, frozen=True):
    """Figures of a worksheet, by what it asks."""

    asked: GetFigures
    schema: Schema


@dataclass(slots=True)
class Worksheet:
    """`sheet` is None until it was created."""

    id: str
    sheet: Sheet | None = None

    def decide(self, command: WorksheetCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: there is none, or not for this caller.
            PermissionDenied: theirs to see, but not to change.
            FailedPrecondition: not in this state, of another version, or other words than it may have (reason
                `verbatim`).
        """
        if isinstance(command, CreateWorksheet):
            return self._create(command, context, version)
        sheet = self._known()
        match command:
            case GetFigures():
                return self._figures(sheet, command, context)
            case GetWorksheet():
                return self._get(sheet, command, context)
            case GetAssignable():
                return self._assignable(sheet, command, context)
            case UpdateWorksheet():
                self._own(sheet, context.by, command.versions)
                return self._update(sheet, command, context, version)
            case PublishWorksheet():
                self._own(sheet, context.by, command.versions)
                return self._publish(sheet, context)
            case ArchiveWorksheet():
                self._own(sheet, context.by, command.versions)
                changed = replace(sheet, archived=True, updated=context.now_ms)
                return self._changed(changed, sheet.latest, context, () if sheet.archived else (changed,))
        assert_never(command)

    def apply(self, event: WorksheetEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.sheet = event.sheet

    def needs(self, command: WorksheetCommand) -> list[str]:
        """The parts that a command is decided with: what versions say."""
        if self.sheet is None:
            return []
        number = command.version if isinstance(command, GetWorksheet | GetAssignable | GetFigures) else 0
        named = self.sheet.version(number)
        if named is None or named in (self.sheet.latest, self.sheet.published):
            return [TEXTS]
        return [TEXTS, content_key(named.seq)]

    def _known(self) -> Sheet:
        if self.sheet is None:
            raise NotFound("There is no such worksheet.", worksheet=self.id)
        return self.sheet

    def _create(self, command: CreateWorksheet, context: Context, version: int) -> Decision:
        POLICY.require(context.by.role, "worksheet.create", {Relation.NONE})
        if self.sheet is not None:
            if self.sheet.owner != context.by.user:
                raise NotFound("There is no such worksheet.", worksheet=self.id)
            latest = self.sheet.latest
            return Decision(QuotingAnswer(shown(self.sheet, latest, self._content(context, latest), permission=True)))
        content, now = _content(command.secret or b""), context.now_ms
        sheet = Sheet(
            id=self.id,
            owner=context.by.user,
            visibility=command.visibility,
            created=now,
            updated=now,
            verbatim=content.licence is not None and content.licence.verbatim,
            versions=(Version(number=1, seq=version + 1, published=False, at=now),),
            origin=command.origin,
        )
        drafted = Drafted(author=sheet.owner, secret=command.secret, sheet=sheet)
        return Decision(QuotingAnswer(shown(sheet, sheet.latest, content, permission=True)), events=[drafted])

    def _get(self, sheet: Sheet, command: GetWorksheet, context: Context) -> Decision:
        own = self._sees(sheet, context.by, assigned=command.assigned)
        found = sheet.version(command.version) if command.version else (sheet.latest if own else sheet.published)
        if found is None or not (own or found.published):
            raise NotFound("There is no such version of this worksheet.", worksheet=self.id)
        content = self._content(context, found)
        return Decision(QuotingAnswer(shown(sheet, found, content, permission=own)))

    def _assignable(self, sheet: Sheet, command: GetAssignable, context: Context) -> Decision:
        self._sees(sheet, context.by, assigned=False)
        if sheet.archived:
            raise FailedPrecondition("This worksheet is archived.", details={"reason": "archived"})
        found = sheet.version(command.version) if command.version else sheet.published
        if command.version and found is None:
            raise NotFound("There is no such version of this worksheet.", worksheet=self.id)
        if found is None or not found.published:
            raise FailedPrecondition("Publish this worksheet first.", details={"reason": "not_published"})
        content = self._content(context, found)
        answer = Assignable(
            worksheet_id=sheet.id, version=found.number, title=content.title, schema=content.schema,
            instrument=sheet.instrument,
        )  # fmt: skip
        return Decision(QuotingAnswer(answer))

    def _figures(self, sheet: Sheet, command: GetFigures, context: Context) -> Decision:
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself does that.")
        found = sheet.version(command.version) if command.version else (sheet.published or sheet.latest)
        if found is None:
            raise NotFound("There is no such version of this worksheet.", worksheet=self.id)
        return Decision(FiguresOf(command, self._content(context, found).schema))

    def _update(self, sheet: Sheet, command: UpdateWorksheet, context: Context, version: int) -> Decision:
        if sheet.archived:
            raise FailedPrecondition("This worksheet is archived.", details={"reason": "archived"})
        content, before = _content(command.secret or b""), self._content(context, sheet.latest)
        check_words(before, content)
        now = context.now_ms
        following = Version(number=sheet.latest.number + 1, seq=version + 1, published=False, at=now)
        visibility: Visibility = command.visibility or sheet.visibility
        changed = replace(
            sheet,
            visibility=visibility,
            updated=now,
            verbatim=sheet.verbatim or (content.licence is not None and content.licence.verbatim),
            versions=(*sheet.versions, following),
        )
        drafted = Drafted(author=sheet.owner, secret=command.secret, sheet=changed)
        return Decision(QuotingAnswer(shown(changed, following, content, permission=True)), events=[drafted])

    def _publish(self, sheet: Sheet, context: Context) -> Decision:
        if sheet.archived:
            raise FailedPrecondition("This worksheet is archived.", details={"reason": "archived"})
        if sheet.latest.published:
            return self._changed(sheet, sheet.latest, context, ())
        published = replace(sheet.latest, published=True, at=context.now_ms)
        changed = replace(sheet, updated=context.now_ms, versions=(*sheet.versions[:-1], published))
        return self._changed(changed, published, context, (changed,))

    def _changed(self, sheet: Sheet, version: Version, context: Context, stored: tuple[Sheet, ...]) -> Decision:
        answer = shown(sheet, version, self._content(context, version), permission=True)
        return Decision(QuotingAnswer(answer), events=[SheetChanged(sheet=one) for one in stored])

    def _content(self, context: Context, version: Version) -> WorksheetContent:
        """What a version says. Raises NotFound: its owner has been erased."""
        texts: WorksheetTexts = context.parts.get(TEXTS) or WorksheetTexts()
        sheet = self._known()
        if version.number == sheet.latest.number:
            content = texts.newest
        elif sheet.published is not None and version.number == sheet.published.number:
            content = texts.published
        else:
            content = context.parts.get(content_key(version.seq))
        if content is None:
            raise NotFound("There is no such worksheet.", worksheet=self.id)
        return content

    def _sees(self, sheet: Sheet, by: Principal, *, assigned: bool) -> bool:
        """May they see all of it, drafts too? Raises NotFound: nothing of it."""
        if by.user == sheet.owner or POLICY.allows(by.role, Relation.NONE, "worksheet.read"):
            return True
        relation = Relation.MEMBER if assigned else Relation.OPEN if sheet.visibility == "shared" else Relation.NONE
        if sheet.published is None or not POLICY.allows(by.role, relation, "worksheet.read"):
            raise NotFound("There is no such worksheet.", worksheet=self.id)
        return False

    def _own(self, sheet: Sheet, by: Principal, versions: Versions) -> None:
        relation = Relation.OWNER if by.user == sheet.owner else Relation.NONE
        if not POLICY.allows(by.role, relation, "worksheet.publish"):
            self._sees(sheet, by, assigned=False)
            raise PermissionDenied("This is for whoever made the worksheet.", action="worksheet.publish")
        require_version(versions, sheet.latest.number)


def check_words(before: WorksheetContent, after: WorksheetContent) -> None:
    """Raises FailedPrecondition: it is used word by word, and the words are others."""
    if before.licence is None or not before.licence.verbatim:
        return
    if not same_words(before.schema, after.schema) or after.licence is None or not after.licence.verbatim:
        raise FailedPrecondition(
            "This instrument is used word by word. Make another worksheet of it, with derived_from.",
            details={"reason": "verbatim"},
        )


def content_key(seq: int) -> str:
    """The key of the part that is what a version says."""
    return f"content:{seq}"
