"""One generation on disk: its writer, its reader, and the versions that it knows. Blocking; one thread writes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import tantivy
from tantivy import Query, Searcher

from common.errors import Unavailable
from serve_app.capabilities.search.engines.embedded import files, shape
from serve_app.capabilities.search.port import Applied, Change, Generation, IndexHit, Key, Put, Term, key_of

HEAP_BYTES: Final = 30_000_000  # tantivy's least is 15
_BURIED_MS: Final = 86_400_000
_BURY_EVERY_MS: Final = 3_600_000


class DamagedError(Exception):
    """Its files cannot be read, or written: away with it."""


class Shelf:
    """A generation that is open."""

    def __init__(self, folder: Path, generation: Generation, index: tantivy.Index) -> None:
        self.folder, self._about, self._index = folder, generation, index
        self._writer: tantivy.IndexWriter | None = None
        self._buried_ms = 0

    @classmethod
    def create(cls, folder: Path, generation: Generation) -> "Shelf":
        """An empty one. Raises: `Unavailable` if the folder cannot be written."""
        with touching("create"):
            folder.mkdir(parents=True, exist_ok=True)
            index = tantivy.Index(shape.SCHEMA, path=str(folder))
            files.describe(folder, generation)
        return cls(folder, generation, index)

    @classmethod
    def open(cls, folder: Path) -> "Shelf":
        """One that is there. Raises: `DamagedError`."""
        try:
            generation = files.about(folder)
            with touching("open"):
                index = tantivy.Index(shape.SCHEMA, path=str(folder))  # another schema is refused
                index.searcher()
        except (OSError, ValueError, KeyError, TypeError, Unavailable) as exc:
            raise DamagedError(str(folder)) from exc
        return cls(folder, generation, index)

    def close(self) -> None:
        """Let go of the writer. What was applied is on disk."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with touching("close"):
                writer.wait_merging_threads()

    def searcher(self) -> Searcher:
        """What is there at this moment, and stays as it is for whoever holds it."""
        return self._index.searcher()

    def generation(self, now_ms: int) -> Generation:
        """With its figures. Raises: `DamagedError` if its files are gone."""
        with touching("read"):
            searcher = self.searcher()
            tombstones = count(searcher, Query.exists_query("gone"))
            dead = self._dead()
            since = files.dead_since(self.folder, dead, now_ms)
        about = self._about
        return Generation(
            number=about.number,
            key_id=about.key_id,
            analysis=about.analysis,
            documents=searcher.num_docs - tombstones,
            dead=sum(dead.values()),
            dead_since=since,
        )

    def apply(self, changes: Sequence[Change], now_ms: int) -> Applied:
        """Take them in and commit: all of them are durable and found afterwards, or, after an error, none.

        Raises:
            Unavailable: nothing was taken. Another writer has the index, the disk is full.
            DamagedError: the files are gone.
        """
        if not self.folder.is_dir():
            raise DamagedError(str(self.folder))
        with touching("write"):
            writer = self._writer = self._writer or self._index.writer(heap_size=HEAP_BYTES, num_threads=1)
            try:
                applied = self._take(writer, changes, now_ms)
                hourly = self._bury(writer, now_ms)
                writer.commit()
                self._index.reload()
                if hourly:
                    files.dead_since(self.folder, self._dead(), now_ms)  # so that it is known since when
            except BaseException:
                self._writer = None
                writer.wait_merging_threads()  # ends it, and its lock; what is not committed goes with it
                raise
        return applied

    def _dead(self) -> Mapping[str, int]:
        try:
            return files.dead_in(self.folder)
        except (FileNotFoundError, ValueError, KeyError, TypeError) as exc:
            raise DamagedError(str(self.folder)) from exc

    def _take(self, writer: tantivy.IndexWriter, changes: Sequence[Change], now_ms: int) -> Applied:
        searcher, taken = self.searcher(), dict[Key, int]()
        stale, parked = 0, list[Key]()
        for change in changes:
            at, filters = (change.at, change.filters) if isinstance(change, Put) else (0, ())
            if not shape.fits(change.key, change.version, at, filters):
                parked.append(change.key)
                continue
            known = taken.get(change.key, None)
            known = version_of(searcher, change.key) if known is None else known
            if known is not None and change.version < known:
                stale += 1
                continue
            if known is not None:
                writer.delete_documents_by_term("key", str(change.key))
            taken[change.key] = change.version
            writer.add_document(
                shape.document(change)
                if isinstance(change, Put)
                else shape.tombstone(change.key, change.version, now_ms)
            )
        return Applied(stale, tuple(parked))

    def _bury(self, writer: tantivy.IndexWriter, now_ms: int) -> bool:
        """Tombstones end after a day. Was it looked at? It is once an hour."""
        if now_ms - self._buried_ms < _BURY_EVERY_MS:
            return False
        writer.delete_documents_by_query(shape.buried_before(max(0, now_ms - _BURIED_MS)))
        self._buried_ms = now_ms
        return True


def version_of(searcher: Searcher, key: Key) -> int | None:
    """The version that is known of a document, there or gone."""
    if not searcher.doc_freq("key", str(key)):
        return None
    found = searcher.search(shape.of_key(key), 1, count=False).hits
    (version,) = searcher.fast_field_values("version", [found[0][1]]) if found else (None,)
    return None if version is None else int(version)


def read(searcher: Searcher, found: Sequence[tuple[object, tantivy.DocAddress]], *, scored: bool) -> list[IndexHit]:
    """What was found, by key."""
    addresses = [address for _, address in found]
    orders = searcher.fast_field_values("order", addresses)
    versions = searcher.fast_field_values("version", addresses)
    return [
        IndexHit(
            key_of(searcher.doc(address)["key"][0]),
            int(version or 0),
            shape.at_of(int(order or 0)),
            float(score) if scored and isinstance(score, float) else 0.0,
        )
        for (score, address), order, version in zip(found, orders, versions, strict=True)
    ]


def counts(searcher: Searcher, terms: Sequence[Term], among: Query) -> Mapping[Term, int]:
    """In how many documents of `among` each occurs. Most words that are tried occur nowhere, which costs 2 us each."""
    found: dict[Term, int] = {}
    for term in terms:
        if searcher.doc_freq(term.field, term.token):
            both = Query.boolean_query([(tantivy.Occur.Must, shape.term(term)), (tantivy.Occur.Must, among)])
            if many := count(searcher, both):
                found[term] = many
    return found


def count(searcher: Searcher, query: Query) -> int:
    """How many documents match."""
    found = searcher.search(query, 1, count=True)
    return int(found.count)  # type: ignore[attr-defined] # its stub forgets it


@contextmanager
def touching(what: str) -> Iterator[None]:
    """Whatever tantivy says is `Unavailable`: also panics of Rust, which are no `Exception`."""
    try:
        yield
    except (DamagedError, Unavailable):
        raise
    except BaseException as exc:
        if not isinstance(exc, Exception) and type(exc).__name__ != "PanicException":
            raise
        raise Unavailable("Search cannot be used just now.", what=what, cause=type(exc).__name__) from exc
