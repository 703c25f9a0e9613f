"""A meeting as data: what its entity keeps, and what its events carry. Times in ms; 0: none."""

from typing import Final, Literal

import msgspec

MeetingKindName = Literal["session", "group", "call"]
Status = Literal["scheduled", "open", "live", "ended", "cancelled", "missed"]
Provider = Literal["mesh", "sfu", "jitsi", "livekit"]
Wanted = Literal["auto", "mesh", "sfu", "jitsi", "livekit"]
Lobby = Literal["off", "until_host", "always"]
Sharing = Literal["host", "granted", "everyone"]
Role = Literal["host", "cohost", "guest", "observer"]
SeatState = Literal["waiting", "seated", "connected", "reconnecting", "left", "denied", "kicked"]
Source = Literal["microphone", "camera", "screen"]
Answer = Literal["granted", "refused", "pending", "withdrawn"]
Integrity = Literal["pending", "verified", "gaps", "broken"]
RecordingStatus = Literal["consenting", "refused", "starting", "recording", "stopping", "ready", "failed", "deleted"]

OVER: Final = frozenset({"ended", "cancelled", "missed"})
INSIDE: Final = frozenset({"seated", "connected", "reconnecting"})
KEEPING: Final = frozenset({"starting", "recording"})  # something is kept, or is about to be
UNDER_WAY: Final = frozenset({"consenting", "starting", "recording", "stopping"})
FALLBACKS: Final = frozenset({"jitsi", "livekit"})
SOURCES: Final[tuple[Source, ...]] = ("microphone", "camera", "screen")
STAFF: Final = frozenset({"host", "cohost"})
MOST_PEOPLE: Final = 30


class MeetingTimes(msgspec.Struct, frozen=True):
    """How long things last, in ms."""

    join_early: int = 600_000
    join_late: int = 1_800_000
    host_early: int = 86_400_000
    seat: int = 60_000
    empty: int = 300_000
    warn: int = 300_000
    consent: int = 60_000
    bridge: int = 30_000
    evidence_wait: int = 60_000
    silence: int = 15_000  # of who reports every 5 s, in a mesh or elsewhere
    socket: int = 3_000  # that a socket may be gone
    mesh: int = 10_000  # for a mesh to come up
    place: int = 8_000  # for a worker to be found
    tell_quality: int = 2_000
    fallbacks: tuple[Provider, ...] = ()  # those that are configured, in order
    consent_text: str = ""


class Config(msgspec.Struct, frozen=True, array_like=True):
    """How a meeting is held."""

    provider: Wanted = "auto"
    lobby: Lobby = "until_host"
    locked: bool = False
    screen_sharing: Sharing = "granted"
    unmute: Literal["self", "ask"] = "self"
    names: Literal["names", "aliases"] = "names"
    max_participants: int = 2
    relay_only: bool = False
    e2ee: bool = False
    recording: Literal["off", "consent"] = "consent"
    recording_access: Literal["host", "participants"] = "host"
    fallback: bool = True


CALLED: Final = Config(lobby="off")
"""An answered call: its two people want nobody to let them in."""


def config_of(kind: MeetingKindName) -> Config:
    """What holds for such a meeting until somebody wants it otherwise."""
    if kind == "session":
        return Config()
    if kind == "group":
        return Config(lobby="always", names="aliases", max_participants=12)
    return Config(lobby="always")


class Window(msgspec.Struct, frozen=True, array_like=True):
    """When it is planned, and when one may be in it."""

    start: int
    end: int
    opens_at: int
    closes_at: int


class Media(msgspec.Struct, frozen=True, array_like=True):
    """Where media goes. `epoch` grows with each move. `worker` "": it is still to be found, or none is needed."""

    provider: Provider | None = None
    epoch: int = 0
    worker: str = ""


class Seat(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One person's place, for the whole life of the meeting.

    `epoch` grows with each take-over by another device. `tickets_from`: those issued before are void. `muted` are the
    sources that somebody else silenced, `on` those that they want to be heard or seen themselves. `admitted`: let in
    once, they enter again. `alias` numbers guests. `connection`: the socket that signals go to; "": none is known.
    `stalled`: what is on, and does not come.
    """

    participant: str
    user: str
    role: Role
    state: SeatState
    device: str = ""
    epoch: int = 0
    admitted: bool = False
    tickets_from: int = 0
    on: tuple[Source, ...] = ("microphone", "camera")
    muted: tuple[Source, ...] = ()
    may_share: bool = False
    may_unmute: bool = True
    alias: int = 0
    since: int = 0  # in this state
    joined: int = 0  # first
    connection: str = ""
    stalled: tuple[Source, ...] = ()

    @property
    def inside(self) -> bool:
        """Whether they take a place in the room."""
        return self.state in INSIDE

    @property
    def passing(self) -> tuple[Source, ...]:
        """What whoever carries media lets through of them."""
        if not self.inside or self.role == "observer":
            return ()
        return tuple(source for source in self.on if source not in self.muted)


def shares(seat: Seat, sharing: Sharing) -> bool:
    """Whether they may show their screen where `sharing` holds."""
    if seat.role in STAFF or sharing == "host":
        return seat.role in STAFF
    return seat.role != "observer" and (seat.may_share or sharing == "everyone")


class Interval(msgspec.Struct, frozen=True, array_like=True):
    """Somebody was connected. `end` 0: they still are; `seen`: until when that is certain."""

    participant: str
    begin: int
    seen: int
    end: int = 0
    provider: Provider = "sfu"
    ended_by: str = ""


class Minutes(msgspec.Struct, frozen=True, array_like=True):
    """How one participant's minutes were: how many, how many of them poor, and why."""

    participant: str
    minutes: int = 0
    poor: int = 0
    causes: tuple[str, ...] = ()
    last: int = 0  # the minute (since the epoch) that was counted last


class ConsentAnswer(msgspec.Struct, frozen=True, array_like=True):
    """What one participant said to a recording."""

    participant: str
    answer: Answer
    text_version: str
    at: int = 0


class Recording(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A recording, or the wish for one. `integrity`: how whole what was kept is, once that is known."""

    id: str
    status: RecordingStatus
    by: str
    text_version: str
    audio_only: bool = False
    consents: tuple[ConsentAnswer, ...] = ()
    reason: str = ""
    asked: int = 0
    started: int = 0
    stopped: int = 0
    integrity: Integrity = "pending"

    @property
    def granted(self) -> frozenset[str]:
        """Who has agreed."""
        return frozenset(each.participant for each in self.consents if each.answer == "granted")


class Record(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A meeting at one moment. `revision` numbers its windows: a timer of an earlier one is stale. `stamp` grows with
    everything that changes. A title is not for clinical content, like that of a room."""

    id: str
    kind: MeetingKindName
    host: str
    people: tuple[str, ...]
    window: Window
    config: Config
    created: int
    status: Status = "scheduled"
    booking: str = ""
    booking_version: int = 0
    revision: int = 1
    media: Media = Media()
    seats: tuple[Seat, ...] = ()
    intervals: tuple[Interval, ...] = ()
    recording: Recording | None = None
    host_entered: int = 0
    started: int = 0
    ended: int = 0
    end_reason: str = ""
    emptied: int = 0  # since when nobody has been in it
    title: str = ""
    client: str = ""  # of the booking
    bill: str = ""
    stamp: int = 0
    updated: int = 0
    met: bool = False  # two were connected at once
    interrupted: bool = False  # no worker, and nothing to fall back to
    minutes: tuple[Minutes, ...] = ()
    final: str = ""  # hash of the evidence, once it is final
    seq: int = 0  # of the last event

    @property
    def over(self) -> bool:
        """Whether nobody gets in any more."""
        return self.status in OVER

    def seat_of(self, user: str) -> Seat | None:
        """Their place, if they have had one."""
        return next((seat for seat in self.seats if seat.user == user), None)

    def seat(self, participant: str) -> Seat | None:
        """The place of that id."""
        return next((seat for seat in self.seats if seat.participant == participant), None)

    @property
    def inside(self) -> tuple[Seat, ...]:
        """Those who take a place in the room."""
        return tuple(seat for seat in self.seats if seat.inside)

    @property
    def connected(self) -> tuple[Seat, ...]:
        """Those whose media flows, or did until a moment ago."""
        return tuple(seat for seat in self.seats if seat.state in ("connected", "reconnecting"))

    @property
    def staff(self) -> tuple[str, ...]:
        """Those who run it, by user."""
        return tuple(dict.fromkeys((self.host, *(seat.user for seat in self.seats if seat.role in STAFF))))

    @property
    def waiting(self) -> tuple[Seat, ...]:
        """Those in the lobby, in the order in which they came."""
        return tuple(sorted((seat for seat in self.seats if seat.state == "waiting"), key=lambda seat: seat.since))

    def may_share(self, seat: Seat) -> bool:
        """Whether they may show their screen."""
        return shares(seat, self.config.screen_sharing)

    def may_publish(self, seat: Seat) -> tuple[Source, ...]:
        """What they may send where they switch it on and off themselves: nothing that somebody else has muted."""
        if seat.role == "observer":
            return ()
        return tuple(
            source for source in SOURCES if source not in seat.muted and (source != "screen" or self.may_share(seat))
        )

    def has_part(self, user: str) -> bool:
        """Whether it is anything to them at all."""
        return user == self.host or user in self.people or self.seat_of(user) is not None
