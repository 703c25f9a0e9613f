"""How operations of payments are declared: what those of one part have in common is said once."""

from dataclasses import dataclass
from typing import Any

import msgspec

from common.errors import CarewireError
from realtime.front.handlers import Limit
from serve_app.capabilities.payments.shared import REFUSES
from serve_app.edge.operation import Example, Operation, Rest


@dataclass(frozen=True, slots=True)
class Declare:
    """Declares the operations of one part. `resource`: members that say what a request is about, where it has them;
    `error_details`, `refuses`: as those of `Operation`."""

    resource: tuple[str, ...] = ()
    error_details: tuple[str, ...] = ()
    refuses: tuple[type[CarewireError], ...] = REFUSES

    def __call__(
        self,
        name: str,
        action: str,
        request: type[Any],
        call: Any,
        rest: Rest | None,
        response: type[msgspec.Struct],
        example: Example,
        description: str = "",
        *,
        limit: Limit | None = None,
        versioned: bool = False,
    ) -> Operation[Any]:
        """One of them. `description`: else what the call says of itself; `limit`: else by whether it reads."""
        return Operation(
            name=name,
            action=action,
            request=request,
            call=call,
            rest=rest,
            limit=limit or ("read" if rest is not None and rest.method == "GET" else "write"),
            response=response,
            resource=tuple(one for one in self.resource if one in request.__struct_fields__),
            error_details=self.error_details,
            refuses=self.refuses,
            example=example,
            description=description or (call.__doc__ or "").strip().partition("\n\n")[0],
            versioned=versioned,
        )
