"""The life of an entity in the memory of a shard: one state machine, all of it in this file.

**Who may touch it.** A shard is one event loop without locks. Between two awaits the phase says to whom an entity
belongs: to a turn (COMMITTING), to a task that loads it, fetches for it or writes what it owes (LOADING, FETCHING,
OWING), or to nobody (READY). Only in READY may a turn take commands from its mailbox; the mailbox itself takes them in
every phase. GONE is the end: the shard has dropped this object, perhaps while a task still had it in hands. A task
that comes back from an await therefore asks `is_gone` first, and then leaves everything as it is.

**How it moves.** `NEXT` is the whole truth: what may happen in which phase, and the phase after it. A pair that is not
in it raises KeyError. That is a bug of the shard, never a fault of the world around it: the simulation treats it so,
and it drives every pair that is listed, so no row is dead either. (The model is `h11._state`.)

    COLD ──ASSUMED_NEW──────────────────────────▶ READY ──LEFT──▶ GONE       nothing waits, or handed off
      └──LOADING_BEGUN──▶ LOADING ──LOADED──────▶ READY
                           ▲   ▲ └──GIVEN_UP────▶ GONE                       the database is away, and nobody waits
                           │   └──LOOKED_AGAIN── READY
                           │                     READY ──TURN_BEGUN──▶ COMMITTING ──OWED──▶ OWING
      REFUSED, UNKNOWN, NOT_NEW ◀─────────────────────────────────────────┤                  │
                                                 READY ◀──FINISHED────────┴──────────────────┤
                                                   ▲    FETCHING ◀──MISSED (by either) ──────┘
                                                   └──FETCHED, RETRIED──┘

LOST (the lease is void, or a handoff ran out of patience) ends a life in any phase.

**What is believed besides the phase.** Four facts decide what a load has to ask, and what it has to publish. They
change with events only, here:

- `assumed_new`: the journal was never asked; `Kind.assume_new` made the entity up. The fence of its first turn tells.
  Nothing is refused on such a belief: a refusal, or a turn without an event, makes it NOT_NEW and has it loaded.
- `may_be_stored`: a turn was not stored for certain, so commands back in the mailbox may be in the journal already.
  The next load asks for their replies before it reads the turns.
- `in_doubt_until_s`: an insert of ours got no answer and may still arrive until then (monotonic seconds; 0: no doubt).
  Until the next turn is stored (the fence has then ruled the insert out) or the time is over, the entity is read again
  whenever it is idle.
- `published_turn`: the last turn whose events listeners were sent from here. In READY it is the entity's turn. Loading
  may find more (the insert that got no answer): those are published then. None: nothing was published from here, and
  listeners have caught up, or will, for themselves.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final


class Phase(Enum):
    """The phase of an entity, which says who may touch it."""

    COLD = auto()  # about to be loaded, or assumed new, for its first command
    LOADING = auto()  # being read from the journal; or waiting to try again
    READY = auto()
    COMMITTING = auto()  # in a turn
    OWING = auto()  # its turn is stored; nobody is answered before its read models are up to date
    FETCHING = auto()  # the next command wants parts, keys or replies; or waiting to try again
    GONE = auto()

    __hash__ = object.__hash__  # members are single objects, and hashing their names is slow


class LifeEvent(Enum):
    """An event in the life of an entity."""

    ASSUMED_NEW = auto()
    LOADING_BEGUN = auto()
    LOADED = auto()
    TURN_BEGUN = auto()
    STORED = auto()
    OWED = auto()  # it is stored, and has effects to be written first
    REFUSED = auto()  # the fence held against the turn, or it met a bug
    UNKNOWN = auto()  # the insert got no answer
    NOT_NEW = auto()  # a decision that must not rest on an assumption
    FINISHED = auto()  # everyone has been answered
    MISSED = auto()  # so they have, but the next command wants something fetched
    FETCHED = auto()
    RETRIED = auto()  # the database was away
    LOOKED_AGAIN = auto()  # an insert in doubt may have arrived
    LEFT = auto()
    GIVEN_UP = auto()
    LOST = auto()

    __hash__ = object.__hash__


NEXT: Final[Mapping[tuple[Phase, LifeEvent], Phase]] = {
    (Phase.COLD, LifeEvent.ASSUMED_NEW): Phase.READY,
    (Phase.COLD, LifeEvent.LOADING_BEGUN): Phase.LOADING,
    (Phase.LOADING, LifeEvent.LOADED): Phase.READY,
    (Phase.LOADING, LifeEvent.RETRIED): Phase.LOADING,
    (Phase.LOADING, LifeEvent.GIVEN_UP): Phase.GONE,
    (Phase.LOADING, LifeEvent.LOST): Phase.GONE,
    (Phase.READY, LifeEvent.TURN_BEGUN): Phase.COMMITTING,
    (Phase.READY, LifeEvent.LOOKED_AGAIN): Phase.LOADING,
    (Phase.READY, LifeEvent.LEFT): Phase.GONE,
    (Phase.READY, LifeEvent.LOST): Phase.GONE,
    (Phase.COMMITTING, LifeEvent.STORED): Phase.COMMITTING,
    (Phase.COMMITTING, LifeEvent.OWED): Phase.OWING,
    (Phase.COMMITTING, LifeEvent.REFUSED): Phase.LOADING,
    (Phase.COMMITTING, LifeEvent.UNKNOWN): Phase.LOADING,
    (Phase.COMMITTING, LifeEvent.NOT_NEW): Phase.LOADING,
    (Phase.COMMITTING, LifeEvent.FINISHED): Phase.READY,
    (Phase.COMMITTING, LifeEvent.MISSED): Phase.FETCHING,
    (Phase.COMMITTING, LifeEvent.LOST): Phase.GONE,
    (Phase.OWING, LifeEvent.FINISHED): Phase.READY,
    (Phase.OWING, LifeEvent.MISSED): Phase.FETCHING,
    (Phase.OWING, LifeEvent.LOST): Phase.GONE,
    (Phase.FETCHING, LifeEvent.FETCHED): Phase.READY,
    (Phase.FETCHING, LifeEvent.RETRIED): Phase.READY,
    (Phase.FETCHING, LifeEvent.LOST): Phase.GONE,
}


class Life:
    """Phase and beliefs of one entity in memory."""

    __slots__ = ("assumed_new", "in_doubt_until_s", "may_be_stored", "phase", "published_turn")

    def __init__(self) -> None:
        self.phase = Phase.COLD
        self.assumed_new = False
        self.may_be_stored = False
        self.in_doubt_until_s = 0.0
        self.published_turn: int | None = None

    @property
    def is_gone(self) -> bool:
        """Whether the shard has dropped it."""
        return self.phase is Phase.GONE

    def on(self, event: LifeEvent) -> None:
        """Move on: the only place where the phase changes. Events that change a belief have a method of their own.

        Raises:
            KeyError: this cannot happen in this phase; a bug of the shard.
        """
        self.phase = NEXT[self.phase, event]

    def assume_new(self) -> None:
        """Take the entity for one to which nothing has happened yet."""
        self.on(LifeEvent.ASSUMED_NEW)
        self.assumed_new = True
        self.published_turn = 0

    def loaded(self, turn: int) -> None:
        """It is as the journal has it after `turn`, and listeners have been sent all of it."""
        self.on(LifeEvent.LOADED)
        self.may_be_stored = False
        self.published_turn = turn

    def stored(self) -> None:
        """Its turn is in the journal, so what was believed before it was true."""
        self.on(LifeEvent.STORED)
        self.assumed_new = False
        self.in_doubt_until_s = 0.0

    def finished(self, turn: int, *, missed: bool) -> None:
        """Everyone has been shown the turns up to this one. `missed`: the next command wants something fetched."""
        self.on(LifeEvent.MISSED if missed else LifeEvent.FINISHED)
        self.published_turn = turn

    def not_new(self) -> None:
        """It may exist: what it did then was published by others."""
        self.on(LifeEvent.NOT_NEW)
        self.assumed_new = False
        self.published_turn = None

    def refused(self) -> None:
        """Its turn is not in the journal, but others may be that are not known here."""
        self.on(LifeEvent.REFUSED)
        if self.assumed_new:
            self.published_turn = None  # what it had done already was published before it came here
        self.assumed_new = False
        self.may_be_stored = True

    def unknown(self, in_doubt_until_s: float) -> None:
        """Nobody knows whether its turn is in the journal, or will be."""
        self.on(LifeEvent.UNKNOWN)
        self.assumed_new = False
        self.may_be_stored = True
        self.in_doubt_until_s = in_doubt_until_s

    def look_again(self, now_s: float) -> None:
        """Read it again for an insert in doubt; for the last time once the doubt is over."""
        self.on(LifeEvent.LOOKED_AGAIN)
        self.assumed_new = False
        if now_s > self.in_doubt_until_s:
            self.in_doubt_until_s = 0.0

    def is_behind(self, turn: int) -> bool:
        """Whether something up to `turn` is stored that listeners were not sent, though it was for us to send."""
        return self.published_turn is not None and self.published_turn < turn
