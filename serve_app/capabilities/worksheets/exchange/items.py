"""Items of a Questionnaire, out and in."""

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from actors.worksheets.schema.expressions.parser import Chain, Constant, Node, Reference, Unary, parse
from actors.worksheets.schema.fields import Field, Option, TopField
from common.decoding import explained
from serve_app.capabilities.worksheets.exchange import codes
from serve_app.capabilities.worksheets.exchange.kinds import limits_of, name_lost, type_of
from serve_app.capabilities.worksheets.exchange.report import Report, listed, membered, refuse, texts

_TYPES: Final[Mapping[str, str]] = {
    "text": "string",
    "long_text": "text",
    "integer": "integer",
    "number": "decimal",
    "boolean": "boolean",
    "date": "date",
    "time": "time",
    "choice": "choice",
    "multi_choice": "choice",
    "scale": "decimal",
    "file": "attachment",
    "group": "group",
    "info": "display",
}
_OURS: Final = ("help", "filled_by", "show_if", "sensitive", "max_choices", "max_rows")
_SIGNS: Final = {"=": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def item_of(field: Field, fields: Mapping[str, Field]) -> dict[str, Any]:
    """An item. `fields`: those that conditions may name."""
    item: dict[str, Any] = {"linkId": field.id, "text": field.label, "type": _TYPES[field.type]}
    if field.required and field.type != "info":
        item["required"] = True
    if field.type == "multi_choice" or (isinstance(field, TopField) and field.type == "group"):
        item["repeats"] = True
    if field.max_chars is not None:
        item["maxLength"] = field.max_chars
    if field.code is not None:
        item["code"] = [{"system": field.code.system, "code": field.code.code}]
    if field.options:
        item["answerOption"] = [_option(one) for one in field.options]
    if field.show_if is not None:
        item |= enable_when(field.show_if, fields)
    if isinstance(field, TopField) and field.fields:
        item["item"] = [item_of(child, {**fields, **{one.id: one for one in field.fields}}) for child in field.fields]
    if extensions := _extensions(field):
        item["extension"] = extensions
    return item


def coding_of(option: Option) -> dict[str, Any]:
    """An option as a coding."""
    if option.code is not None:
        return {"system": option.code.system, "code": option.code.code, "display": option.label}
    return {"system": codes.OPTION, "code": str(option.value), "display": option.label}


def field_of(item: dict[str, Any], path: str, report: Report, *, nested: bool = False) -> TopField:
    """The inverse of `item_of`.

    Raises:
        InvalidArgument: a code that FHIR has not, or a member that is no such thing.
    """
    kind = codes.coded(item.get("type"), codes.ITEM_TYPES, f"{path}.type")
    name_lost(item, kind, path, report)
    members: dict[str, Any] = {
        "id": report.name(f"{path}.linkId", texts(item.get("linkId"), f"{path}.linkId")),
        "label": texts(item.get("text", ""), f"{path}.text"),
        "type": type_of(item, kind, path, report),
    }
    ours = _ours(item, path)
    if item.get("required") is True and kind != "display":
        members["required"] = True
    if isinstance(item.get("maxLength"), int) and kind in ("string", "text"):
        members["max_chars"] = min(item["maxLength"], 20_000)
    if coding := _first(item.get("code")):
        members["code"] = {"system": str(coding.get("system", "")), "code": str(coding.get("code", ""))}
    if kind in ("choice", "open-choice"):
        members["options"] = _options(item, path, report)
    members |= limits_of(item, str(members["type"]))
    shown = ours.get("show_if") or condition_of(item, path, report)
    members |= ours | ({"show_if": shown} if shown else {})
    if kind == "group":
        members["type"] = "group"
        if nested:
            raise refuse(path, "Groups within groups that repeat cannot be kept.")
        children = enumerate(listed(item.get("item", []), f"{path}.item"))
        members["fields"] = [
            _inner(field_of(membered(one, f"{path}.item[{place}]"), f"{path}.item[{place}]", report, nested=True))
            for place, one in children
        ]
    elif "item" in item:
        report.drop(f"{path}.item", "Only groups have items here.")
    try:
        return msgspec.convert(members, TopField)
    except msgspec.ValidationError as error:
        raise refuse(path, str(explained(str(error)).message)) from None


def enable_when(text: str, fields: Mapping[str, Field]) -> dict[str, Any]:
    """A condition as `enableWhen`, where it can say it; else nothing: our own words stand in an extension."""
    node = parse(text)
    parts, behaviour = _parts(node)
    found = [_when(one, fields) for one in parts]
    if any(one is None for one in found):
        return {}
    return {"enableWhen": found} | ({"enableBehavior": behaviour} if len(found) > 1 else {})


def condition_of(item: dict[str, Any], path: str, report: Report) -> str:
    """`enableWhen` as a condition; "": there is none. Raises InvalidArgument: a code that FHIR has not."""
    if "enableWhen" not in item:
        return ""
    word = "and"
    if "enableBehavior" in item:
        behaviour = codes.coded(item["enableBehavior"], codes.BEHAVIOURS, f"{path}.enableBehavior")
        word = "or" if behaviour == "any" else "and"
    said = []
    for place, one in enumerate(listed(item["enableWhen"], f"{path}.enableWhen")):
        where = f"{path}.enableWhen[{place}]"
        when = membered(one, where)
        sign = codes.coded(when.get("operator"), codes.OPERATORS, f"{where}.operator")
        name = report.known(texts(when.get("question"), f"{where}.question"))
        value = next((value for key, value in when.items() if key.startswith("answer")), None)
        if name is None or value is None:
            report.drop(where, "The question is not there, or comes later.")
        elif sign == "exists":
            said.append(f"{{{name}}} {'notempty' if value is True else 'empty'}")
        else:
            said.append(f"{{{name}}} {sign} {_literal(value)}")
    return f" {word} ".join(said)


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, dict):
        code = str(value.get("code", ""))
        return code if value.get("system") == codes.OPTION and code.lstrip("-").isdigit() else _literal(code)
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def _parts(node: Node) -> tuple[list[Node], str]:
    if isinstance(node, Chain) and {sign for sign, _ in node.rest} in ({"and"}, {"or"}):
        return [node.first, *(one for _, one in node.rest)], "any" if node.rest[0][0] == "or" else "all"
    return [node], "all"


def _when(node: Node, fields: Mapping[str, Field]) -> dict[str, Any] | None:
    match node:
        case Unary(name="empty" | "notempty" as name, of=Reference(field)) if field in fields:
            return {"question": field, "operator": "exists", "answerBoolean": name == "notempty"}
        case Chain(first=Reference(field), rest=((sign, Constant(value)),)) if sign in _SIGNS and field in fields:
            answer = _answer(fields[field], value)
            return None if answer is None else {"question": field, "operator": sign, **answer}
    return None


def _answer(field: Field, value: Any) -> dict[str, Any] | None:
    """`answer[x]`, in the type of the question."""
    if field.options:
        option = next((one for one in field.options if one.value == value), None)
        return None if option is None else {"answerCoding": coding_of(option)}
    match field.type:
        case "boolean" if isinstance(value, bool):
            return {"answerBoolean": value}
        case "integer" if isinstance(value, int):
            return {"answerInteger": value}
        case "number" | "scale" if isinstance(value, int | float) and not isinstance(value, bool):
            return {"answerDecimal": value}
        case "date":
            return {"answerDate": value}
        case "text" | "long_text" if isinstance(value, str):
            return {"answerString": value}
    return None


def _option(option: Option) -> dict[str, Any]:
    given: dict[str, Any] = {"valueCoding": coding_of(option)}
    extensions: list[dict[str, Any]] = []
    if option.score is not None:
        extensions.append({"url": codes.ORDINAL, "valueDecimal": option.score})
    if option.code is not None or not isinstance(option.value, str):
        extensions.append({"url": codes.OPTION, "valueString": json.dumps(option.value)})
    return ({"extension": extensions} if extensions else {}) | given


def _options(item: dict[str, Any], path: str, report: Report) -> list[dict[str, Any]]:
    found = []
    for place, one in enumerate(listed(item.get("answerOption", []), f"{path}.answerOption")):
        where = f"{path}.answerOption[{place}]"
        option = membered(one, where)
        name, value = next(((name, value) for name, value in option.items() if name.startswith("value")), ("", None))
        if value is None:
            raise refuse(where, "An option has a value.")
        report.unknown(where, option, frozenset((name, "extension")))
        codes.unknown_extensions(option, where, report, (codes.ORDINAL, codes.OPTION))
        found.append(_option_of(option, value, where))
    if not found:
        report.drop(path, "Value sets cannot be looked up: no options.")
        return [{"value": "other", "label": "Other"}]
    return found


def _option_of(option: dict[str, Any], value: Any, path: str) -> dict[str, Any]:
    ordinal = codes.extension(option, codes.ORDINAL)
    if ordinal is None and isinstance(value, dict):
        ordinal = codes.extension(value, codes.ORDINAL)
    ours = codes.held(option, codes.OPTION, path, None)
    score = {} if ordinal is None else {"score": ordinal}
    if not isinstance(value, dict):
        return {"value": value, "label": str(value)} | score
    system, code = str(value.get("system", "")), str(value.get("code", ""))
    made: dict[str, Any] = {"value": code if ours is None else ours}
    made["label"] = str(value.get("display", code))
    return made | score | ({} if system == codes.OPTION else {"code": {"system": system, "code": code}})


def _extensions(field: Field) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    kind = "valueInteger" if field.type == "integer" else "valueDecimal"
    for url, value in ((codes.MIN, field.min), (codes.MAX, field.max)):
        if value is not None:
            found.append({"url": url, kind: value})
    if field.type == "scale":
        control = {"coding": [{"system": codes.CONTROLS, "code": "slider"}]}
        found.append({"url": codes.CONTROL, "valueCodeableConcept": control})
    if field.unit is not None:
        found.append({"url": codes.UNIT, "valueCoding": {"display": field.unit}})
    members = msgspec.to_builtins(field)
    ours = {name: members[name] for name in (*_OURS, "step") if name in members}
    if ours:
        found.append({"url": codes.OURS, "valueString": json.dumps(ours)})
    return found


def _ours(item: dict[str, Any], path: str) -> dict[str, Any]:
    found = membered(codes.held(item, codes.OURS, path, {}), f"{path}.extension")
    return {name: found[name] for name in (*_OURS, "step") if name in found}


def _first(value: Any) -> dict[str, Any]:
    return value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else {}


def _inner(field: TopField) -> dict[str, Any]:
    members: dict[str, Any] = msgspec.to_builtins(field)
    return members
