"""Whatever people, workers and timers do, in whatever order: what must never be true of a meeting."""

import contextlib
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.meetings import commands as ask
from actors.meetings import reports
from actors.meetings.entity import MeetingEntity
from actors.meetings.kind import MeetingKind
from actors.meetings.rules.evidence import evidence_of, overlap_ms
from actors.meetings.state import KEEPING, Config, MeetingTimes
from common.errors import CarewireError, PermissionDenied, Unauthenticated
from tests.unit.meetings.house import DOORS, Meeting, person, ticket

NAMES = ("host", "ann", "ben", "cat")
names = st.sampled_from(NAMES)
devices = st.sampled_from(("phone", "desk"))
stale = st.sampled_from((0, 0, 0, 1, 2))
movings = st.sampled_from(("worker_lost", "fallback"))

Step = tuple[str, Any]
deeds = st.sampled_from(("admit", "deny", "lobby", "mute", "kick", "readmit"))
step = st.one_of(
    st.tuples(st.just("join"), st.tuples(names, devices, st.booleans(), st.booleans())),
    st.tuples(st.just("enter"), names),
    st.tuples(st.just("connect"), st.tuples(names, stale)),
    st.tuples(st.just("lose"), st.tuples(names, stale, st.integers(0, 5_000))),
    st.tuples(st.just("see"), stale),
    st.tuples(st.just("staff"), st.tuples(st.sampled_from(("host", "host", "ann")), deeds, names)),
    st.tuples(st.just("role"), st.tuples(names, st.sampled_from(("cohost", "guest")))),
    st.tuples(st.just("leave"), names),
    st.tuples(st.just("record"), st.sampled_from(("host", "ann"))),
    st.tuples(st.just("consent"), st.tuples(names, st.sampled_from((True, True, True, False)))),
    st.tuples(st.just("all_agree"), st.just(None)),
    st.tuples(st.just("recorder"), st.sampled_from(("started", "started", "stopped", "ready", "failed"))),
    st.tuples(st.just("stop"), st.just("host")),
    st.tuples(st.just("screen"), names),
    st.tuples(st.just("move"), st.tuples(stale, st.sampled_from(("sfu", "jitsi", None)), movings)),
    st.tuples(st.just("wait"), st.integers(1, 3_000)),
    st.tuples(st.just("wait"), st.integers(1, 90_000)),
)
entered = st.lists(st.tuples(st.just("enter"), names), max_size=4)
whole = st.lists(step, min_size=10, max_size=50)
ending = st.lists(st.tuples(st.just("end"), st.just(None)), max_size=1)
steps = st.builds(lambda first, rest, last: [("enter", "host"), *first, *rest, *last], entered, whole, ending)
configs = st.builds(
    Config,
    lobby=st.sampled_from(("off", "until_host", "always")),
    locked=st.booleans(),
    max_participants=st.integers(2, 4),
    provider=st.sampled_from(("auto", "sfu", "jitsi")),
    unmute=st.sampled_from(("self", "ask")),
)


class Run:
    """A meeting, every ticket that was ever handed out for it, and when carriers said that somebody was there."""

    def __init__(self, config: Config) -> None:
        self.meeting = Meeting(("ann", "ben", "cat"), config)
        self.tickets: list[tuple[str, ask.CheckTicket]] = []
        self.recordings = 0

    def do(self, step: Step) -> None:
        kind, what = step
        with contextlib.suppress(CarewireError):
            getattr(self, kind)(what)

    def join(self, what: tuple[str, str, bool, bool]) -> None:
        name, device, take_over, agrees = what
        recording = self.meeting.record.recording
        consent = (recording.id, recording.text_version) if recording is not None and agrees else None
        joined = self.meeting.join(name, device, take_over=take_over, consent=consent)
        if joined.state == "seated":
            self.tickets.append((name, ticket(self.meeting, name)))

    def enter(self, name: str) -> None:
        """Let in if they have to wait, and connected at once."""
        self.join((name, "phone", True, True))
        seat = self.meeting.record.seat_of(name)
        if seat is not None and seat.state == "waiting":
            self.meeting.ask(person("host"), ask.Admit(seat.participant))
            self.join((name, "phone", True, True))
        self.connect((name, 0))

    def all_agree(self, _what: None) -> None:
        """Whoever is inside agrees, one after another."""
        for seat in self.meeting.record.inside:
            self.do(("consent", (seat.user, True)))
            self.check()

    def connect(self, what: tuple[str, int]) -> None:
        name, behind = what
        self.meeting.tell(reports.Connected(f"prt_{name}", self.meeting.record.media.epoch - behind))

    def lose(self, what: tuple[str, int, int]) -> None:
        name, behind, ago = what
        epoch = self.meeting.record.media.epoch - behind
        self.meeting.tell(reports.Lost(f"prt_{name}", epoch, self.meeting.now_ms - ago))

    def see(self, behind: int) -> None:
        everybody = tuple(f"prt_{name}" for name in NAMES)
        self.meeting.tell(reports.ReportConnected(everybody, self.meeting.record.media.epoch - behind))

    def staff(self, what: tuple[str, str, str]) -> None:
        by, deed, whom = what
        made = {
            "admit": ask.Admit,
            "deny": ask.Deny,
            "lobby": ask.ToLobby,
            "mute": ask.Mute,
            "kick": ask.Kick,
            "readmit": ask.Readmit,
        }
        self.meeting.ask(person(by), made[deed](f"prt_{whom}"))

    def role(self, what: tuple[str, Any]) -> None:
        self.meeting.ask(person("host"), ask.SetRole(f"prt_{what[0]}", what[1]))

    def leave(self, name: str) -> None:
        self.meeting.ask(person(name), ask.LeaveSeat())

    def record(self, name: str) -> None:
        self.recordings += 1
        self.meeting.ask(person(name), ask.StartRecording(f"rec_{self.recordings}", "1"))

    def consent(self, what: tuple[str, bool]) -> None:
        recording = self.meeting.record.recording
        if recording is not None:
            self.meeting.ask(person(what[0]), ask.AnswerConsent(recording.id, what[1], "1"))

    def recorder(self, said: Any) -> None:
        recording = self.meeting.record.recording
        if recording is not None:
            self.meeting.tell(reports.RecorderSays(recording.id, self.meeting.record.media.epoch, said))

    def stop(self, name: str) -> None:
        self.meeting.ask(person(name), ask.StopRecording())

    def screen(self, name: str) -> None:
        self.meeting.ask(person(name), ask.ShareScreen())

    def move(self, what: tuple[int, Any, str]) -> None:
        behind, provider, reason = what
        self.meeting.tell(reports.MoveMedia(self.meeting.record.media.epoch - behind, reason, provider))

    def wait(self, ms: int) -> None:
        self.meeting.pass_time(ms)

    def end(self, _what: None) -> None:
        self.meeting.ask(person("host"), ask.EndMeeting())

    def check(self) -> None:
        """What must hold now."""
        record, now_ms = self.meeting.record, self.meeting.now_ms
        users = [seat.user for seat in record.seats]
        assert len(set(users)) == len(users), "one seat a person"
        assert len(record.inside) <= record.config.max_participants, "never too many"
        assert sum("screen" in seat.on for seat in record.seats) <= 1, "one screen at a time"
        kicked = {seat.user for seat in record.seats if seat.state == "kicked"}
        for name, one in self.tickets:
            if name in kicked:
                with pytest.raises(PermissionDenied):
                    self.meeting.tell(one)
        if record.recording is not None and record.recording.status in KEEPING:
            for seat in record.connected:
                assert seat.participant in record.recording.granted, "somebody is recorded who has not agreed"
        for interval in record.intervals:
            assert interval.begin <= interval.seen <= now_ms, "nobody was there before they came, or in the future"
            assert not interval.end or interval.begin <= interval.end <= now_ms
        open_ones = [each.participant for each in record.intervals if not each.end]
        assert len(set(open_ones)) == len(open_ones)
        assert set(open_ones) <= {seat.participant for seat in record.seats if seat.state == "connected"}
        assert (record.status == "live") <= bool(record.connected), "a live meeting has somebody in it"
        assert not (record.over and record.inside), "nobody is in what is over"


@settings(max_examples=300, deadline=None)
@given(configs, steps)
def test_whatever_happens(config: Config, steps: list[Step]) -> None:
    run = Run(config)
    epoch = 0
    for step in steps:
        run.do(step)
        run.check()
        assert run.meeting.record.media.epoch >= epoch, "epochs only grow"
        epoch = run.meeting.record.media.epoch
    again = MeetingEntity("mtg_1", MeetingTimes(), DOORS)
    for seq, (event, at_ms) in enumerate(run.meeting.history, 1):
        again.apply(event, seq, at_ms)
    assert again.record == run.meeting.record, "it is what its events make of it"
    kind = MeetingKind(MeetingTimes(), DOORS)
    assert kind.restore("mtg_1", kind.snapshot(again)).record == again.record, "and what a snapshot keeps of it"
    evidence_of(run.meeting.record, MeetingTimes().bridge)


@settings(max_examples=100, deadline=None)
@given(configs, steps)
def test_a_ticket_of_before_a_kick_or_a_lobby_opens_nothing_after_coming_back(
    config: Config, steps: list[Step]
) -> None:
    run = Run(config)
    for step in steps:
        run.do(step)
    before = [one for name, one in run.tickets if name == "ann"]
    seat = run.meeting.record.seat_of("ann")
    if seat is None or not seat.inside or run.meeting.record.over:
        return
    run.meeting.ask(person("host"), ask.Kick(seat.participant))
    run.meeting.now_ms += 1
    run.meeting.ask(person("host"), ask.Readmit(seat.participant))
    with contextlib.suppress(CarewireError):
        run.meeting.join("ann", seat.device)
    for one in before:
        with pytest.raises(CarewireError) as refusal:
            run.meeting.tell(one)
        assert isinstance(refusal.value, Unauthenticated) or run.meeting.record.media.epoch != one.epoch


spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: (min(pair), max(pair))), max_size=6)


@given(spans, spans)
@example([(0, 10), (5, 20)], [(3, 7), (7, 9)])
def test_overlap_is_what_counting_each_millisecond_gives(
    some: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    def there(spans: list[tuple[int, int]], at: int) -> bool:
        return any(begin <= at < end for begin, end in spans)

    assert overlap_ms(some, others) == sum(there(some, at) and there(others, at) for at in range(61))
