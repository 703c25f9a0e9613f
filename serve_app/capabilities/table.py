"""Operations by name: how one capability asks another for something, as its client would. Filled where doors are made
of the operations, so what is off is not there, and what comes later is found without anybody naming it."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from common.decoding import explained
from common.errors import FailedPrecondition
from common.persons import persons_in
from common.policy import POLICY
from serve_app.edge.operation import Caller, Operation, encoded, result_of


class JsonAnswer(msgspec.Struct, frozen=True):
    """An answer: its body as JSON has it, and whom it tells of."""

    body: dict[str, Any]
    persons: list[str]


class OperationTable:
    """One a process."""

    def __init__(self) -> None:
        self._operations: dict[str, Operation[Any]] = {}

    def listed(self, operations: Iterable[Operation[Any]]) -> list[Operation[Any]]:
        """The same, known from now on."""
        found = list(operations)
        self._operations |= {one.name: one for one in found}
        return found

    def __contains__(self, name: str) -> bool:
        return name in self._operations

    async def ask(self, name: str, members: Mapping[str, Any], caller: Caller) -> JsonAnswer:
        """What the caller is answered who asks for this.

        Raises:
            FailedPrecondition: nobody here offers it (`reason`: `unavailable`).
            CarewireError: what the operation refuses, to this caller.
        """
        operation = self._operations.get(name)
        if operation is None:
            raise FailedPrecondition("This is not available here.", details={"reason": "unavailable"})
        POLICY.require(caller.by.role, operation.action)
        try:
            request = msgspec.convert(dict(members), operation.request)
        except msgspec.ValidationError as error:
            raise explained(str(error)) from None
        result = result_of(await operation.call(request, caller))
        data = encoded(result.body)
        told = persons_in(data, operation.response, but=caller.by.user) if result.persons is None else result.persons
        return JsonAnswer(msgspec.json.decode(data, type=dict[str, Any]), list(told))
