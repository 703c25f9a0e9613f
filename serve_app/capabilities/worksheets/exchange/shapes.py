"""FHIR's own models, where they may be loaded: in the API, for they are heavy, and never in a gateway."""

from typing import Any, Final, Protocol

from common.errors import InvalidArgument

_LONGEST: Final = 300


class Shapes(Protocol):
    """Checks the shape of a resource."""

    def __call__(self, document: dict[str, Any]) -> None:
        """Raises InvalidArgument: it is not shaped like one."""
        ...


def unchecked(document: dict[str, Any]) -> None:
    """What we read is checked by who reads it; the rest is not looked at."""


def by_models(document: dict[str, Any]) -> None:
    """By the models of `fhir.resources` (R4B). Raises InvalidArgument: it is not shaped like one."""
    from fhir.resources.R4B import get_fhir_model_class
    from pydantic import ValidationError

    try:
        get_fhir_model_class(str(document.get("resourceType"))).model_validate(document)
    except (ValidationError, LookupError, ValueError, RecursionError) as error:
        where = error.errors()[0]["loc"] if isinstance(error, ValidationError) else ()
        path = ".".join(map(str, where))[:_LONGEST]
        details: dict[str, object] = {"path": path, "field": "document"}
        raise InvalidArgument("This is no such resource of FHIR R4.", details=details) from None
