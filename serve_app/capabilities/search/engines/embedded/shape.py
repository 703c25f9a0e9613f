"""What documents and questions look like to tantivy.

Tokens are handed over as one line, parted by spaces: tantivy's own parting of it costs a quarter of what tokens made
one by one in Python do (23 against 86 us for 20), and the index is the same. Times and ties are one number: ms since
1970, then 22 bits of a hash of the key, so that all documents have an order that no write changes. What documents are
filtered by is one field of many names (JSON): a field of its own for each would cost every document a byte each for its
length, whether it has a value or not, 15 of 150.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import tantivy
from tantivy import FieldType, Occur, Order, Query

from serve_app.capabilities.search.port import (
    FIELDS,
    After,
    Among,
    Best,
    Between,
    Condition,
    Every,
    Filters,
    Key,
    Keys,
    Node,
    Put,
    Sort,
    Term,
    Tree,
)

_INDEXED: Final = {"words": "freq", "beginnings": "basic"}
_FILTERS: Final = "filters"
_MARK: Final = "="  # before a value: an id that looks like a time would be taken for one
_TIE_BITS: Final = 22
_LATEST_MS: Final = (1 << (64 - _TIE_BITS)) - 1
_MOST_U64: Final = (1 << 64) - 1
_LONGEST_KEY: Final = 512
ORDERS: Final = {"newest": Order.Desc, "oldest": Order.Asc}


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("key", stored=True, tokenizer_name="raw", index_option="basic")
    for name, option in _INDEXED.items():
        builder.add_text_field(name, tokenizer_name="whitespace", index_option=option)
    builder.add_json_field(_FILTERS, tokenizer_name="raw", index_option="basic", fast=True)
    for name in ("order", "version", "gone"):
        builder.add_unsigned_field(name, fast=True)
    return builder.build()


SCHEMA: Final = _schema()


def order_of(at: int, key: Key) -> int:
    """The place of a document among all, by time and then by chance."""
    tie = int.from_bytes(hashlib.blake2b(str(key).encode(), digest_size=4).digest()) >> (32 - _TIE_BITS)
    return (at << _TIE_BITS) | tie


def at_of(order: int) -> int:
    """The time in it, ms since 1970."""
    return order >> _TIE_BITS


def fits(key: Key, version: int, at: int = 0, filters: Iterable[str] = ()) -> bool:
    """Will it ever be taken?"""
    return (
        len(str(key)) <= _LONGEST_KEY
        and 0 <= version <= _MOST_U64
        and 0 <= at <= _LATEST_MS
        and set(filters) <= set(FIELDS)
    )


def document(put: Put) -> tantivy.Document:
    """A document that can be found."""
    made = tantivy.Document()
    made.add_text("key", str(put.key))
    month = datetime.fromtimestamp(put.at / 1000, UTC).strftime("%Y-%m")
    filters = {"type": [put.key.type], "month": [month], **put.filters}
    made.add_json(_FILTERS, {name: [_MARK + one for one in values] for name, values in filters.items() if values})
    made.add_unsigned("order", order_of(put.at, put.key))
    made.add_unsigned("version", put.version)
    if put.words:
        made.add_text("words", " ".join(put.words))
    if put.beginnings:
        made.add_text("beginnings", " ".join(put.beginnings))
    return made


def tombstone(key: Key, version: int, now_ms: int) -> tantivy.Document:
    """What stands in a document's place, and is never found."""
    made = tantivy.Document()
    made.add_text("key", str(key))
    made.add_unsigned("version", version)
    made.add_unsigned("gone", now_ms)
    return made


def buried_before(at_ms: int) -> Query:
    """Tombstones that are older."""
    return Query.range_query(SCHEMA, "gone", FieldType.Unsigned, upper_bound=at_ms, include_upper=False)


def question(tree: Tree, filters: Filters) -> Query:
    """The whole of it. What filters adds nothing to a score."""
    parts = [(Occur.Must, _node(node)) for node in tree.must]
    some = [(Occur.Should, _node(node)) for node in tree.some]
    if tree.must:
        parts += some
    elif some:
        parts.append((Occur.Must, Query.boolean_query(some) if len(some) > 1 else some[0][1]))
    parts += [(Occur.Should, _node(node)) for node in tree.aside]
    parts += [(Occur.MustNot, _node(node)) for node in tree.never]
    conditions = [_condition(condition) for condition in filters.every]
    if filters.either:
        conditions.append(_any(_all(map(_condition, conditions_)) for conditions_ in filters.either))
    if (not conditions and not tree.must and not some) or _names_keys(filters):
        conditions.append(Query.exists_query("order"))  # all but tombstones
    parts += [(Occur.Must, Query.const_score_query(condition, 0.0)) for condition in conditions]
    return parts[0][1] if len(parts) == 1 and parts[0][0] == Occur.Must else Query.boolean_query(parts)


def _names_keys(filters: Filters) -> bool:
    """Is a document asked for by its key? A tombstone has one too."""
    return any(isinstance(one, Keys) for some in (filters.every, *filters.either) for one in some)


def page_after(asked: Query, sort: Sort, after: After | None) -> Query:
    """What comes after, and what shares its place."""
    if after is None:
        return asked
    place = order_of(after.at, after.key)
    lower, upper = (None, place) if sort == "newest" else (place, None)
    rest = Query.range_query(SCHEMA, "order", FieldType.Unsigned, lower, upper)
    return Query.boolean_query([(Occur.Must, asked), (Occur.Must, Query.const_score_query(rest, 0.0))])


def term(wanted: Term) -> Query:
    """One token."""
    return Query.term_query(SCHEMA, wanted.field, wanted.token, _INDEXED[wanted.field])


def of_key(key: Key) -> Query:
    """A document or its tombstone."""
    return Query.term_query(SCHEMA, "key", str(key), "basic")


def counting(name: str, most: int, of_segment: int) -> dict[str, object]:
    """How many documents have each value of one of `port.FACETS`."""
    return {"terms": {"field": _path(name), "size": most, "segment_size": of_segment}}


def value_of(counted: str) -> str:
    """A value as documents have it, of one that was counted."""
    return counted.removeprefix(_MARK)


def _path(name: str) -> str:
    return f"{_FILTERS}.{name}"


def _node(node: Node) -> Query:
    match node:
        case Term():
            return term(node)
        case Best(terms):
            return term(terms[0]) if len(terms) == 1 else Query.disjunction_max_query([term(one) for one in terms])
        case Every(parts):
            return Query.boolean_query([(Occur.Must, _node(part)) for part in parts])


def _condition(condition: Condition) -> Query:
    match condition:
        case Among(name, values):
            return _set(_path(name), [_MARK + one for one in sorted(values)])
        case Keys(keys):
            return _set("key", sorted(map(str, keys)))
        case Between(since, until):
            return Query.range_query(
                SCHEMA,
                "order",
                FieldType.Unsigned,
                None if since is None else _bound(since),
                None if until is None else _bound(until),
                include_upper=until is None,
            )


def _bound(at_ms: int) -> int:
    return min(max(at_ms, 0), _LATEST_MS) << _TIE_BITS


def _set(name: str, values: Sequence[str]) -> Query:
    if not values:
        return Query.empty_query()
    if len(values) == 1:
        return Query.term_query(SCHEMA, name, values[0], "basic")
    return Query.term_set_query(SCHEMA, name, values)


def _all(queries: Iterable[Query]) -> Query:
    return Query.boolean_query([(Occur.Must, query) for query in queries])


def _any(queries: Iterable[Query]) -> Query:
    return Query.boolean_query([(Occur.Should, query) for query in queries])
