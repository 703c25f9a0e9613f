"""The last step of a turn: callers are answered, and subscribers hear what happened."""

from dataclasses import dataclass

from actors.kernel.shard.queries import QueryRunner
from actors.kernel.shard.replay_buffer import ReplayBuffer
from actors.kernel.shard.reply_cache import ReplyCache
from actors.kernel.shard.resident import Decided, Draft, Resident
from actors.kernel.shard.subscribers import Subscribers


@dataclass(frozen=True, slots=True)
class Publisher:
    """Lets everyone see what is stored, and remembers some of it for those who ask again."""

    subscribers: Subscribers
    replay: ReplayBuffer
    replies: ReplyCache
    queries: QueryRunner

    def remember_replies(self, draft: Draft) -> None:
        """The draft is stored: its commands are recognised from now on."""
        for command_id, (reply, version) in draft.replies.items():
            self.replies.add(command_id, reply, version)

    def publish(self, draft: Draft) -> None:
        """Answer the callers of a draft, and deliver its events."""
        for decided in draft.decided:
            self._reveal(draft.resident, decided)
        if draft.redacts:
            self.replay.forget(draft.resident.id)

    def trim(self) -> None:
        """Forget the silent, and what is old."""
        self.subscribers.expire()
        self.replay.trim()
        self.replies.trim()

    def clear(self) -> None:
        """The lease is void, and everything that was told or remembered under it."""
        self.subscribers.clear()
        self.replay.clear()
        self.replies.clear()

    def _reveal(self, resident: Resident, decided: Decided) -> None:
        submission = decided.submission
        if decided.deliveries:
            self.subscribers.publish(resident.id, decided.deliveries)
            self.replay.add(resident.id, decided.deliveries)
        if submission.listen and (decided.answer is None or not decided.answer.code):
            submission.caller.listen(resident.id, decided.version)
        if decided.query is not None:
            self.queries.answer(resident.runtime, resident.id, decided, decided.query)
        elif decided.answer is not None:
            submission.caller.answer(decided.answer)
