"""What the operations of one sort of thing have in common, said once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from common.errors import CarewireError, FailedPrecondition, NotFound, PayloadTooLarge, PermissionDenied
from realtime.front.handlers import Limit
from serve_app.capabilities.worksheets import examples
from serve_app.edge.operation import Answer, Caller, Example, Method, Operation, Rest

Call = Callable[[Any, Caller], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Declaring:
    """Of things that stand at `path`, each under its `member`. `named`: what an example asks for one with. `refuses`:
    what a change may be refused with."""

    path: str
    member: str
    named: dict[str, Any]
    tag: str
    refuses: tuple[type[CarewireError], ...]

    def read(
        self,
        name: str,
        action: str,
        request: type[msgspec.Struct],
        call: Call,
        under: str,
        response: type[msgspec.Struct],
        example: tuple[dict[str, Any], dict[str, Any]],
        description: str,
        *,
        method: Method = "GET",
        versioned: bool = False,
    ) -> Operation[Any]:
        """One that changes nothing. `under`: its path below theirs; `example`: what is asked beside which one, and the
        answer."""
        resource = self._resource(under)
        return Operation(
            name=name,
            action=action,
            request=request,
            call=call,
            rest=Rest(method, f"{self.path}{under}", tag=self.tag),
            limit="read",
            response=response,
            resource=resource,
            refuses=(NotFound,) if resource else (),
            example=self._example(under, example),
            description=description,
            versioned=versioned,
        )

    def change(
        self,
        name: str,
        action: str,
        request: type[msgspec.Struct],
        call: Call,
        under: str,
        response: type[msgspec.Struct],
        example: tuple[dict[str, Any], dict[str, Any]],
        description: str,
        *,
        method: Method = "POST",
        status: int = 200,
        statuses: tuple[int, ...] = (),
        aliases: tuple[str, ...] = (),
        limit: Limit = "write",
        refuses: tuple[type[CarewireError], ...] | None = None,
        error_details: tuple[str, ...] = (),
        versioned: bool = False,
    ) -> Operation[Any]:
        """One that changes something. `refuses`: with these, not as the others."""
        return Operation(
            name=name,
            action=action,
            request=request,
            call=call,
            rest=Rest(method, f"{self.path}{under}", status=status, statuses=statuses, tag=self.tag, aliases=aliases),
            limit=limit,
            response=response,
            resource=self._resource(under),
            error_details=error_details,
            refuses=self.refuses if refuses is None else refuses,
            example=self._example(under, example),
            description=description,
            versioned=versioned,
        )

    def _resource(self, under: str) -> tuple[str, ...]:
        return (self.member,) if f"{{{self.member}}}" in under else ()

    def _example(self, under: str, example: tuple[dict[str, Any], dict[str, Any]]) -> Example:
        asked, answer = example
        return Example({**(self.named if self._resource(under) else {}), **asked}, answer)


SHEETS: Final = Declaring(
    path="/api/worksheets",
    member="worksheet_id",
    named=examples.OF_WORKSHEET,
    tag="worksheets",
    refuses=(FailedPrecondition, NotFound, PayloadTooLarge),
)
WORK: Final = Declaring(
    path="/api/assignments",
    member="assignment_id",
    named=examples.OF_ASSIGNMENT,
    tag="assignments",
    refuses=(FailedPrecondition, NotFound, PermissionDenied),
)
TALK: Final = Declaring(
    path=WORK.path,
    member=WORK.member,
    named=WORK.named,
    tag=WORK.tag,
    refuses=(FailedPrecondition, NotFound, PayloadTooLarge, PermissionDenied),
)
