"""A request of REST as the Struct of its operation: members from the address, the query or the body; with DELETE, from
the body where there is one.

An address and its query are text; a list is its items with commas between them. What reads as a number or as yes or no
is what pydantic's lax mode takes for one ("30", "30.0"; "true", "yes", "1").
"""

import re
import sys
from collections.abc import Mapping
from typing import Annotated, Any, Final, Union, get_args, get_origin
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import NODEFAULT, Raw
from msgspec.structs import FieldInfo
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request as HttpRequest

from common.decoding import decode, explained
from common.errors import InvalidArgument
from serve_app.edge.operation import Operation, Rest

_IN_PATH: Final = re.compile(r"\{(\w+)\}")
_READERS: Final[dict[Any, TypeAdapter[Any]]] = {bool: TypeAdapter(bool), int: TypeAdapter(int)}
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_NOTHING: Final = frozenset({b"", b"{}"})


class RequestReader:
    """Reads the requests of one operation."""

    def __init__(self, operation: Operation[Any], rest: Rest) -> None:
        """Raises LookupError: the path has a member that the request does not have."""
        self.kind: Final = rest.request or operation.request
        fields = {one.encode_name: one for one in msgspec.structs.fields(self.kind)}
        in_path = _IN_PATH.findall(rest.path)
        if unknown := [name for name in in_path if name not in fields]:
            raise LookupError(f"operation {operation.name!r}: its request has no members {unknown}")
        left = [one for name, one in fields.items() if name not in in_path]
        has_body = rest.method in _WITH_BODY and not rest.bodiless
        self.path: Final = [_Text(fields[name]) for name in in_path]
        self.query: Final = [] if has_body or rest.bodiless else [_Text(one) for one in left]
        self._known: Final = frozenset(one.name for one in self.query) if rest.strict else None
        self.body: Final = (rest.body or _left_of(self.kind, left, in_path)) if has_body else None
        either = rest.method == "DELETE" and not rest.bodiless and bool(left)
        self.either: Final = _left_of(self.kind, left, in_path) if either else None

    async def read(self, request: HttpRequest) -> msgspec.Struct:
        """The request.

        Raises:
            InvalidArgument: it is not what the operation takes; `details.field` names the first member at fault.
        """
        kind = self.body
        if kind is None and self.either is not None and (await request.body()).strip() not in _NOTHING:
            kind = self.either  # not every client can send a body with DELETE: those that do need no query
        if kind is None:
            return self._of_address(request)
        if not self.path:
            return await _body(request, kind)
        told = self._told(request.path_params, self.path)
        body = await _body(request, kind)
        return self.kind(**{name: getattr(body, name) for name in kind.__struct_fields__} | told)

    def _of_address(self, request: HttpRequest) -> msgspec.Struct:
        told = self._told(request.path_params, self.path)
        _check(request.scope["query_string"], {member.name for member in self.query})
        if self._known is not None and (unknown := set(request.query_params) - self._known):
            name = min(unknown)[:64]
            raise InvalidArgument(f"{name} is not known here.", details={"field": name})
        if self.query:
            told |= self._told(request.query_params, self.query)
        return self.kind(**told)

    def _told(self, given: Mapping[str, str], members: "list[_Text]") -> dict[str, Any]:
        """Members in their order, so the first that is wrong is named. One that comes twice counts as it came last."""
        told = {}
        for member in members:
            if (text := given.get(member.name)) is not None:
                told[member.attribute] = member.read(text)
            elif member.required:
                raise InvalidArgument(f"{member.name} is missing.", details={"field": member.name})
        return told


class _Text:
    """A member that comes as text."""

    def __init__(self, field: FieldInfo) -> None:
        self.name: Final = field.encode_name
        self.attribute: Final = field.name
        self.required: Final = field.default is NODEFAULT and field.default_factory is NODEFAULT
        self._listed = any(get_origin(one) in (list, tuple) for one in _ways(field.type))
        self._lax = next((_READERS[one] for one in _ways(field.type) if one in _READERS), None)
        self._one = msgspec.defstruct("Member", [("value", field.type)])

    def read(self, text: str) -> Any:
        value: Any = text.split(",") if self._listed else text
        if self._lax is not None:
            try:
                value = self._lax.validate_python(text)
            except ValidationError as error:
                raise InvalidArgument(
                    f"{self.name}: {error.errors()[0]['msg']}.", details={"field": self.name}
                ) from None
        try:
            return msgspec.convert({"value": value}, self._one).value  # type: ignore[attr-defined] # made above
        except msgspec.ValidationError as error:
            raise explained(str(error).replace("`$.value`", f"`$.{self.name}`")) from None


def _check(query: bytes, names: set[str]) -> None:
    """Starlette puts signs of its own where a query is not text, and what is asked would be another question. What
    nobody reads is nobody's question.

    Raises:
        InvalidArgument: one of these members has bytes that are not encoded, or what is encoded is not UTF-8.
    """
    if b"%" not in query and query.isascii():
        return
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if not _is_text(value) and _is_text(name) and (field := unquote_to_bytes(name).decode()) in names:
            raise InvalidArgument(f"{field} is not text: percent-encode its UTF-8.", details={"field": field})


def _is_text(encoded: bytes) -> bool:
    try:
        unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        return False
    return encoded.isascii()


async def _body(request: HttpRequest, kind: type[msgspec.Struct]) -> msgspec.Struct:
    """Nothing at all is `{}`. How large it may be is said in one place, `http.max_body_bytes`."""
    raw = await request.body()
    return decode([Raw(raw)] if raw else [], kind, sys.maxsize)


def _left_of(kind: type[msgspec.Struct], left: list[FieldInfo], in_path: list[str]) -> type[msgspec.Struct]:
    """The request without the members that come in the address: those are unknown in the body."""
    if not in_path:
        return kind
    members: list[Any] = [(one.name, one.type, msgspec.field(name=one.encode_name, **_default_of(one))) for one in left]
    return msgspec.defstruct(
        f"{kind.__name__}Body",
        members,
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=kind.__struct_config__.forbid_unknown_fields,
    )


def _default_of(field: FieldInfo) -> dict[str, Any]:
    if field.default_factory is not NODEFAULT:
        return {"default_factory": field.default_factory}
    return {} if field.default is NODEFAULT else {"default": field.default}


def _ways(kind: Any) -> list[Any]:
    """What a value of this type may be."""
    if get_origin(kind) is Annotated:
        return _ways(get_args(kind)[0])
    if get_origin(kind) is Union or isinstance(kind, type(int | None)):
        return [way for one in get_args(kind) for way in _ways(one)]
    return [kind]
