"""Read models in memory."""

from collections.abc import Mapping, Sequence

from common.errors import Conflict
from store.ports.views import Index, Scalar, View, ViewQuery


def _rank(value: Scalar) -> tuple[int, str | int]:
    """Equality and order as MongoDB has them: null, numbers, strings, booleans; never 1 == True."""
    if value is None:
        return 0, 0
    if isinstance(value, bool):
        return 3, value
    return (2, value) if isinstance(value, str) else (1, value)


def _field(view: View, name: str) -> Scalar:
    return view.version if name == "version" else view.fields.get(name)


class MemoryViews:
    """Read models as dictionaries. It knows of indexes only to refuse what a unique one would."""

    def __init__(self, indexes: Sequence[Index] = ()) -> None:
        self._collections: dict[str, dict[str, View]] = {}
        self._unique = [index for index in indexes if index.unique]

    async def write(self, views: Sequence[View]) -> None:
        refused = [view for view in views if not self._write(view)]
        if refused:
            raise Conflict("This is taken.", collection=refused[0].collection)

    def _write(self, view: View) -> bool:
        collection = self._collections.setdefault(view.collection, {})
        old = collection.get(view.id)
        if old is None or old.version < view.version:
            if any(self._clash(index, view, other) for index in self._unique for other in collection.values()):
                return False
            collection[view.id] = view
        return True

    @staticmethod
    def _clash(index: Index, new: View, other: View) -> bool:
        if index.collection != new.collection or other.id == new.id:
            return False
        return all(_rank(_field(new, name)) == _rank(_field(other, name)) for name in index.fields)

    async def get(self, collection: str, ids: Sequence[str]) -> Mapping[str, View]:
        documents = self._collections.get(collection, {})
        return {id_: documents[id_] for id_ in ids if id_ in documents}

    async def find(self, query: ViewQuery) -> list[View]:
        def place(view: View) -> tuple[tuple[int, str | int], str]:
            return _rank(_field(view, query.order_by)), view.id

        found = [view for view in self._collections.get(query.collection, {}).values() if _fits(view, query)]
        return sorted(found, key=place, reverse=query.descending)[: query.limit]


def _fits(view: View, query: ViewQuery) -> bool:
    if any(_rank(_field(view, name)) != _rank(value) for name, value in query.equal.items()):
        return False
    rank = _rank(_field(view, query.order_by))
    above, below = query.above, query.below
    return (above is None or _before(_rank(above), rank)) and (below is None or _before(rank, _rank(below)))


def _before(low: tuple[int, str | int], high: tuple[int, str | int]) -> bool:
    """Are they of one type, and does `low` come strictly before `high`? A bound keeps values of its own type only."""
    return low[0] == high[0] and low < high
