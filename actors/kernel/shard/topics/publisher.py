"""The last step of a turn: callers are answered, and subscribers hear what happened."""

from dataclasses import dataclass
from typing import Final

from actors.kernel.shard.context import ShardContext
from actors.kernel.shard.queries import QueryRunner
from actors.kernel.shard.reply_cache import ReplyCache
from actors.kernel.shard.residents.resident import Decided, Resident, TurnDraft
from actors.kernel.shard.topics.replay_buffer import ReplayBuffer
from actors.kernel.shard.topics.subscribers import Subscribers

_MAX_RESULT_BYTES: Final = 90_000  # below Ray's limit for inline results (100 KB)


@dataclass(frozen=True, slots=True)
class Publisher:
    """Lets everyone see what is stored, and remembers some of it for those who ask again."""

    subscribers: Subscribers
    replay: ReplayBuffer
    replies: ReplyCache
    queries: QueryRunner

    def remember_replies(self, draft: TurnDraft) -> None:
        """The draft is stored: its commands are recognised from now on."""
        for command_id, (reply, version) in draft.replies.items():
            self.replies.add(command_id, reply, version)

    def publish(self, draft: TurnDraft) -> None:
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


def publisher_of(context: ShardContext) -> Publisher:
    """The one of this shard."""
    subscribers = Subscribers(
        context.clock,
        lease_s=context.settings.subscriber_lease_s,
        max_bytes=context.settings.max_buffered_bytes,
        max_result_bytes=_MAX_RESULT_BYTES,
    )
    replay = ReplayBuffer(context.clock)
    return Publisher(subscribers, replay, ReplyCache(context.clock), QueryRunner(context, subscribers, replay))
