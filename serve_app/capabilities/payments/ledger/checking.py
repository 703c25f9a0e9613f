"""The ledger, remade from the journal and laid beside what is stored: posting by posting, both ways.

Safe beside a running system: what differs is looked at again until it stays so, since a posting is stored a moment
after the event that carries it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Final, Literal, Protocol

import msgspec

from actors.kernel.contract.entity import AnyKind
from actors.kernel.history.runtime import KindRuntime
from actors.kernel.history.walking import entity_pages, turn_pages
from actors.payments.ledger import POSTINGS
from store.ports.stores import Stores

Fields = Mapping[str, str | int | bool | None]
_LOOKS: Final = 5
_PAGE: Final = 2_000


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A posting as it is stored: `fields` are what is summed, `data` is what is shown."""

    id: str
    fields: Fields
    data: bytes


class Postings(Protocol):
    """The stored postings, in the order of their ids."""

    async def between(self, above: str, below: str | None, limit: int) -> list[Stored]:
        """The first of those whose id lies between the two (None: to the end)."""
        ...


class LedgerDifference(msgspec.Struct, frozen=True, kw_only=True):
    """What is not as it should be. `missing`: in the journal and not stored; `extra`: stored and in no event;
    `changed`: stored otherwise than the event says; `unbalanced`: what an event posted does not sum to zero, or cannot
    be read (`posting` is its entity, and the first turn of where it lies). Amounts are minor units."""

    kind: Literal["missing", "extra", "changed", "unbalanced"]
    posting: str
    account: str = ""
    currency: str = ""
    amount: int | None = None
    stored: int | None = None


class LedgerFindings(msgspec.Struct, kw_only=True):
    """What was found: `sums` are debit and credit of what is stored, by currency."""

    entities: int = 0
    postings: int = 0
    sums: dict[str, tuple[int, int]] = {}
    differences: list[LedgerDifference] = []

    @property
    def whole(self) -> bool:
        """Is all as it should be?"""
        return not self.differences and all(debit == credit for debit, credit in self.sums.values())


class LedgerCheck:
    """Of the kinds whose events carry postings. `pause` lets what is under way be stored."""

    def __init__(
        self, stores: Stores, kinds: Sequence[AnyKind], postings: Postings, pause: Callable[[], Awaitable[None]]
    ) -> None:
        carrying = [kind for kind in kinds if any(index.collection == POSTINGS for index in kind.indexes)]
        self._runtimes = {kind.name: KindRuntime(kind, stores) for kind in sorted(carrying, key=lambda kind: kind.name)}
        self._stores, self._postings, self._pause = stores, postings, pause
        self._sums: dict[str, list[int]] = {}
        self.done = LedgerFindings(differences=[])

    async def run(self) -> LedgerFindings:
        """All of it.

        Raises:
            Unavailable: the database does not answer.
        """
        above = ""
        for runtime in self._runtimes.values():
            async for ids in entity_pages(self._stores.journal, f"{runtime.kind.name}:"):
                below = f"{ids[-1]}$"  # behind every posting of it: ids go on with "#"
                await self._page(runtime, ids, above, below)
                above = below
        await self._laid_beside({}, above, None)
        self.done.sums = {currency: (debit, credit) for currency, (debit, credit) in sorted(self._sums.items())}
        return self.done

    async def _page(self, runtime: KindRuntime, ids: Sequence[str], above: str, below: str) -> None:
        """Some entities, and all that is stored up to the last of them."""
        expected: dict[str, dict[str, Stored]] = {}
        for entity_id in ids:
            self.done.entities += 1
            expected[entity_id] = await self._carried(runtime, entity_id)
        await self._laid_beside(expected, above, below)

    async def _laid_beside(self, expected: dict[str, dict[str, Stored]], above: str, below: str | None) -> None:
        """What events post beside what is stored between the two. What differs may be under way: it is looked at until
        it agrees, or stays different."""
        stored: dict[str, dict[str, Stored]] = {}
        async for one in self._stored(above, below):
            stored.setdefault(_entity_of(one.id), {})[one.id] = one
        both = {id_: (expected.get(id_, {}), stored.get(id_, {})) for id_ in sorted({*expected, *stored})}
        for _ in range(_LOOKS):
            if not (differing := [id_ for id_, (wanted, found) in both.items() if wanted != found]):
                break
            await self._pause()
            for id_ in differing:
                runtime = self._runtimes.get(id_.partition(":")[0])
                wanted = {} if runtime is None else await self._carried(runtime, id_, tell=False)
                both[id_] = wanted, {one.id: one async for one in self._stored(f"{id_}#", f"{id_}$")}
        for wanted, found in both.values():
            self._compare(wanted, found)

    async def _carried(self, runtime: KindRuntime, entity_id: str, *, tell: bool = True) -> dict[str, Stored]:
        """What the events of an entity post."""
        found: dict[str, Stored] = {}
        async for turns in turn_pages(self._stores.journal, entity_id):
            try:
                for recorded in await runtime.codec.opened(entity_id, turns):
                    effects = runtime.kind.effects(entity_id, recorded, None)
                    for view in effects.views if effects is not None else ():
                        if view.collection == POSTINGS:
                            found[view.id] = Stored(id=view.id, fields=dict(view.fields), data=view.data)
            except (ValueError, msgspec.DecodeError):  # an entry refuses to be read unless it sums to zero
                if tell:
                    place = f"{entity_id}@{turns[0].turn}"
                    self.done.differences.append(LedgerDifference(kind="unbalanced", posting=place))
        return found

    async def _stored(self, above: str, below: str | None) -> AsyncIterator[Stored]:
        while page := await self._postings.between(above, below, _PAGE):
            for one in page:
                yield one
            above = page[-1].id

    def _compare(self, wanted: Mapping[str, Stored], found: Mapping[str, Stored]) -> None:
        for id_ in sorted({*wanted, *found}):
            ours, theirs = wanted.get(id_), found.get(id_)
            if theirs is not None:
                self._count(theirs)
            if ours != theirs:
                self.done.differences.append(_difference(ours, theirs))

    def _count(self, one: Stored) -> None:
        self.done.postings += 1
        amount = _amount(one)
        self._sums.setdefault(str(one.fields.get("currency")), [0, 0])[amount < 0] += abs(amount)


def _difference(ours: Stored | None, theirs: Stored | None) -> LedgerDifference:
    one = ours or theirs
    assert one is not None
    return LedgerDifference(
        kind="missing" if theirs is None else "extra" if ours is None else "changed",
        posting=one.id,
        account=str(one.fields.get("account")),
        currency=str(one.fields.get("currency")),
        amount=None if ours is None else _amount(ours),
        stored=None if theirs is None else _amount(theirs),
    )


def _amount(one: Stored) -> int:
    """What is summed. What says another amount than it shows counts as what is summed, and differs."""
    amount = one.fields.get("amount")
    return amount if isinstance(amount, int) else 0


def _entity_of(posting: str) -> str:
    return posting.rpartition("#")[0]
