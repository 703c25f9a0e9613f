"""Blocks that stand for what another capability keeps: whoever posts one must be able to read it, whoever uses one must
have the right to that themselves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from serve_app.capabilities.rooms.blocks.kinds import BlockPlace, Operations, Used
from serve_app.capabilities.rooms.blocks.shapes import Use, UsedBlock
from serve_app.edge.operation import Caller


@dataclass(frozen=True, slots=True)
class ReferenceKind:
    """See `BlockKind`. `member`: the id of what it stands for; `within`: where it is in the answer of `get` ("": that
    is it); `state`: the member of it that is the state. `do`: what using it asks for; `got`: what is answered then."""

    operations: Operations
    member: str
    get: str
    within: str
    state: str
    do: str
    got: str
    words: str
    given: Callable[[Use], dict[str, Any]] = lambda _: {}

    async def check(self, block: Mapping[str, Any], caller: Caller) -> str:
        """Raises NotFound, PermissionDenied: they may not read it; FailedPrecondition: it is not offered here."""
        asked = await self.operations.ask(self.get, {self.member: block[self.member]}, _plain(caller))
        found = asked.body.get(self.within, {}) if self.within else asked.body
        return str(found.get(self.state, ""))

    def fallback(self, block: Mapping[str, Any]) -> str:
        """What it stands for; of files, what was said of them."""
        alt = block.get("alt")
        return f"{self.words}: {alt}" if alt else self.words

    async def use(self, place: BlockPlace, block: Mapping[str, Any], use: Use, caller: Caller) -> Used:
        """Do with it what it is for."""
        members = {self.member: block[self.member]} | self.given(use)
        asked = await self.operations.ask(self.do, members, _plain(caller))
        body = asked.body.get(self.got, asked.body)
        return Used(UsedBlock(**{self.got: body}), asked.persons)


def payment(operations: Operations) -> ReferenceKind:
    """A bill to pay."""
    return ReferenceKind(
        operations,
        member="bill_id",
        get="get_bill",
        within="",
        state="status",
        do="process_payment",
        got="payment",
        words="A bill to pay",
        given=lambda use: {} if use.method_id is None else {"method_id": use.method_id},
    )


def worksheet(operations: Operations) -> ReferenceKind:
    """Work to do."""
    return ReferenceKind(
        operations,
        member="assignment_id",
        get="get_assignment",
        within="",
        state="status",
        do="get_assignment",
        got="assignment",
        words="A worksheet",
    )


def file(operations: Operations, words: str) -> ReferenceKind:
    """A file, or a picture."""
    return ReferenceKind(
        operations,
        member="file_id",
        get="get_file",
        within="file",
        state="state",
        do="get_file",
        got="file",
        words=words,
    )


def _plain(caller: Caller) -> Caller:
    return replace(caller, if_match=None)
