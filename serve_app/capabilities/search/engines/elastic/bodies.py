"""What is sent to Elasticsearch: bodies of requests, made of tokens, ids, times and enumerations. No script, no query
string, nothing that is deleted or changed by a query."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from serve_app.capabilities.search.port import (
    FACETS,
    FIELDS,
    After,
    Among,
    Best,
    Between,
    Change,
    Condition,
    Every,
    Filters,
    Generation,
    Key,
    Keys,
    Node,
    Put,
    Sort,
    Term,
    Tree,
)

Body = dict[str, Any]

_KEYWORD: Final = {"type": "keyword"}
_LONGEST_KEY: Final = 512  # bytes, of an `_id`
_MOST_LONG: Final = (1 << 63) - 1
_LATEST_MS: Final = (1 << 42) - 1
_VALUES: Final = 100


def index_body(generation: Generation) -> Body:
    """Of a new index. Tombstones stay for a day; what is written is found within 200 ms."""
    text = {"type": "text", "analyzer": "whitespace"}
    properties: Body = {
        "key": _KEYWORD,
        "at": {"type": "long"},
        "words": text | {"index_options": "freqs"},
        "beginnings": text | {"index_options": "docs", "norms": False},
    }
    return {
        "settings": {"index": {"refresh_interval": "200ms", "gc_deletes": "1d", "number_of_shards": 1}},
        "mappings": {
            "dynamic": "strict",
            "_source": {"enabled": False},
            "_meta": {"number": generation.number, "key_id": generation.key_id, "analysis": generation.analysis},
            "properties": properties | dict.fromkeys(FACETS, _KEYWORD),
        },
    }


def fits(change: Change) -> bool:
    """Will it ever be taken?"""
    at, filters = (change.at, set(change.filters)) if isinstance(change, Put) else (0, set[str]())
    return (
        len(str(change.key).encode()) <= _LONGEST_KEY
        and 0 <= change.version <= _MOST_LONG
        and 0 <= at <= _LATEST_MS
        and filters <= set(FIELDS)
    )


def operations(changes: Iterable[Change]) -> list[Body]:
    """Of one bulk request. A newer version, or the same again, counts; an older one is a conflict."""
    made: list[Body] = []
    for change in changes:
        place = {"_id": str(change.key), "version": change.version, "version_type": "external_gte"}
        if isinstance(change, Put):
            made += [{"index": place}, _document(change)]
        else:
            made.append({"delete": place})
    return made


def search_body(tree: Tree, filters: Filters, sort: Sort, after: After | None, limit: int) -> Body:
    """Of a search: keys, versions and times, nothing else; no count of what matches."""
    body: Body = {
        "query": query(tree, filters),
        "size": limit,
        "version": True,
        "track_total_hits": False,
        "docvalue_fields": ["at"],
    }
    if sort != "relevance":
        body["sort"] = [{"at": {"order": "desc" if sort == "newest" else "asc"}}, {"key": {"order": "asc"}}]
        if after is not None:
            body["search_after"] = [after.at, str(after.key)]
    return body


def scan_body(filters: Filters, point: str, after: Sequence[object] | None, limit: int) -> Body:
    """Of one page of everything, at a point in time."""
    body = search_body(tree=Tree(), filters=filters, sort="oldest", after=None, limit=limit)
    body["pit"] = {"id": point, "keep_alive": "1m"}
    return body if after is None else body | {"search_after": list(after)}


def count_body(terms: Sequence[Term], filters: Filters) -> Body:
    """In how many documents each occurs, by its place in `terms`."""
    buckets = {str(place): {"term": {term.field: term.token}} for place, term in enumerate(terms)}
    return {
        "query": query(Tree(), filters),
        "size": 0,
        "track_total_hits": False,
        "aggs": {"terms": {"filters": {"filters": buckets}}},
    }


def facets_body(tree: Tree, filters: Filters, names: Sequence[str]) -> Body:
    """How many documents have each value, by name."""
    return {
        "query": query(tree, filters),
        "size": 0,
        "track_total_hits": False,
        "aggs": {name: {"terms": {"field": name, "size": _VALUES}} for name in names},
    }


def swap_body(pattern: str, index: str, aliases: Sequence[str]) -> Body:
    """One index in the place of all others, in one step."""
    away = [{"remove": {"index": pattern, "alias": alias, "must_exist": False}} for alias in aliases]
    return {"actions": [*away, *({"add": {"index": index, "alias": alias}} for alias in aliases)]}


def query(tree: Tree, filters: Filters) -> Body:
    """What must match, what weighs, and what only filters."""
    must = [_node(node) for node in tree.must]
    some = [_node(node) for node in tree.some]
    should = [_node(node) for node in tree.aside]
    if must:
        should = some + should
    elif some:
        must = [{"bool": {"should": some, "minimum_should_match": 1}}]
    conditions = [_condition(condition) for condition in filters.every]
    if filters.either:
        either = [{"bool": {"filter": [_condition(one) for one in conditions_]}} for conditions_ in filters.either]
        conditions.append({"bool": {"should": either, "minimum_should_match": 1}})
    if not must and not conditions:
        conditions.append({"match_all": {}})
    parts = {"must": must, "should": should, "must_not": [_node(node) for node in tree.never], "filter": conditions}
    return {"bool": {name: part for name, part in parts.items() if part}}


def _document(put: Put) -> Body:
    filters: Mapping[str, Sequence[str]] = put.filters
    return {
        "key": str(put.key),
        "type": put.key.type,
        "at": put.at,
        "month": datetime.fromtimestamp(put.at / 1000, UTC).strftime("%Y-%m"),
        "words": " ".join(put.words),
        "beginnings": " ".join(put.beginnings),
        **{name: list(values) for name, values in filters.items()},
    }


def _node(node: Node) -> Body:
    match node:
        case Term(token, field):
            return {"term": {field: token}}
        case Best(terms):
            return {"dis_max": {"queries": [_node(term) for term in terms]}}
        case Every(parts):
            return {"bool": {"must": [_node(part) for part in parts]}}


def _condition(condition: Condition) -> Body:
    match condition:
        case Among(name, values):
            return {"terms": {name: sorted(values)}}
        case Keys(keys):
            return {"terms": {"key": sorted(map(str, keys))}}
        case Between(since, until):
            bounds = {"gte": since, "lt": until}
            return {"range": {"at": {name: bound for name, bound in bounds.items() if bound is not None}}}


def key_in(hit: Mapping[str, Any]) -> Key:
    """Whose hit it is."""
    type_, _, id_ = str(hit["_id"]).partition(":")
    return Key(type_, id_)
