"""Every body that goes to Elasticsearch, held against its vendor's own types.

`tests/data/elasticsearch-types.json.gz` is a JSON Schema made of the types of `@elastic/elasticsearch` 9.4.3 by
`ts-json-schema-generator` 2.4.0 (`--no-type-check -j none --minify`), of an interface with the members `search:
estypes.SearchRequest`, `create: estypes.IndicesCreateRequest`, `aliases: estypes.IndicesUpdateAliasesRequest` and
`operation: estypes.BulkOperationContainer`; and `Duration`, of which it leaves only the numbers, is a text too.
"""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from serve_app.capabilities.search.engines.elastic import bodies
from serve_app.capabilities.search.port import FACETS, After, Filters, Generation, Sort, Term, Tree
from tests.contract.search.documents import delete, key, put, some
from tests.contract.search.test_finding import FILTERS, LIBRARY, TREES

TYPES = Path(__file__).parents[2] / "data" / "elasticsearch-types.json.gz"


@cache
def _judge(member: str) -> Draft7Validator:
    schema = json.loads(gzip.decompress(TYPES.read_bytes()))
    whole = schema["definitions"]["Bodies"]["properties"][member]
    return Draft7Validator({**whole, "definitions": schema["definitions"]})


def _allowed(member: str, body: Any) -> bool:
    return bool(_judge(member).is_valid(json.loads(json.dumps(body))))


@pytest.mark.parametrize("tree", [case[1] for case in TREES], ids=[case[0] for case in TREES])
def test_searches_of_every_tree_are_searches(tree: Tree) -> None:
    assert _allowed("search", bodies.search_body(tree, Filters(), "relevance", None, 20))
    assert _allowed("search", bodies.facets_body(tree, Filters(), FACETS))


@pytest.mark.parametrize("filters", [case[1] for case in FILTERS], ids=[case[0] for case in FILTERS])
def test_searches_of_every_filter_are_searches(filters: Filters) -> None:
    assert _allowed("search", bodies.search_body(Tree(), filters, "newest", None, 20))
    assert _allowed("search", bodies.count_body([Term("a"), Term("b", "beginnings")], filters))
    assert _allowed("search", bodies.scan_body(filters, "point", None, 1_000))


@pytest.mark.parametrize("sort", ["relevance", "newest", "oldest"])
def test_searches_of_later_pages_are_searches(sort: Sort) -> None:
    assert _allowed("search", bodies.search_body(some("a"), Filters(), sort, After(5, key("m")), 20))
    assert _allowed("search", bodies.scan_body(Filters(), "point", [5, 77], 1_000))


def test_indexes_operations_and_swaps_are_what_they_are() -> None:
    assert _allowed("create", {"index": "idx-g1", **bodies.index_body(Generation(1, "k", "one"))})
    assert _allowed("aliases", bodies.swap_body("idx-g*", "idx-g2", ("idx", "idx-write")))
    lines = bodies.operations([*LIBRARY, delete("m1", 4)])
    operations = [line for line in lines if set(line) & {"index", "delete"}]
    assert len(operations) == len(LIBRARY) + 1
    assert all(_allowed("operation", line) for line in operations)


WRONG: list[tuple[str, str, Any]] = [
    ("a field of no search", "search", {"query": {"match_all": {}}, "sise": 5}),
    ("a clause that there is not", "search", {"query": {"bol": {"must": []}}}),
    ("a part that a clause has not", "search", {"query": {"bool": {"most": []}}}),
    ("an order of no kind", "search", {"sort": [{"at": {"order": "down"}}]}),
    ("a size that is no number", "search", {"size": "5"}),
    ("a setting of no index", "create", {"index": "i", "mappings": {"dynamic": "never"}}),
    ("a version of no type", "operation", {"index": {"version_type": "outside"}}),
    ("an action that there is not", "aliases", {"actions": [{"swap": {"index": "i"}}]}),
]


@pytest.mark.parametrize(("member", "body"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_the_judge_refuses_what_is_wrong(member: str, body: Any) -> None:
    assert not _allowed(member, body)


def test_a_document_has_only_fields_of_the_index() -> None:
    """The mapping is strict: another would be refused by the server, each time."""
    known = set(bodies.index_body(Generation(1, "k", "one"))["mappings"]["properties"])
    documents = [line for line in bodies.operations(LIBRARY) if "key" in line]
    assert len(documents) == len(LIBRARY)
    assert all(set(line) <= known for line in documents)


@pytest.mark.parametrize(
    ("change", "taken"),
    [
        (put("m"), True),
        (put("x" * 600), False),
        (put("é" * 300), False),
        (put("v", version=-1), False),
        (put("v", version=2**63), False),
        (put("t", at=-1), False),
        (put("f", nonsense="x"), False),
        (delete("m", 0), True),
    ],
)
def test_what_no_server_takes_is_known_before(change: Any, taken: bool) -> None:
    assert bodies.fits(change) is taken
