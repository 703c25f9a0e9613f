"""Messages with files: each file is asked whether it may be put here, before the room is; afterwards it is told where
it is, so that whoever heard the message finds it. What one person says in one room keeps its order meanwhile."""

import asyncio
from collections.abc import Sequence

import msgspec

from actors.files.commands import ExpectFile, PlaceFile
from actors.files.records import Place, ShownFile
from actors.kernel.contract.answers import Reply
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient
from actors.rooms.files.naming import files_in
from actors.rooms.room.commands import Post
from actors.rooms.service import Rooms


class Filing:
    """One a process. `entities` reaches files."""

    def __init__(self, rooms: Rooms, entities: EntityClient) -> None:
        self._rooms, self._entities = rooms, entities
        self._under_way: dict[tuple[str, str], asyncio.Future[None]] = {}

    async def post(self, room: str, post: Post, *, by: Principal, trace: str) -> Reply:
        """Say something. Without files, and with none before it, this is the room's to answer and nothing else.

        Raises:
            NotFound: a file is not theirs.
            FailedPrecondition: a file is not ready; `details.state`.
            CarewireError: as the room does.
        """
        files = files_in(post.attachments) if post.attachments else ()
        before = self._under_way.get((by.user, room))
        if not files and before is None:
            return await self._rooms.submit(room, post, by=by, trace=trace)
        return await self._in_turn(room=room, post=post, files=files, before=before, by=by, trace=trace)

    async def expect(self, by: Principal, room: str, files: Sequence[str], trace: str) -> list[ShownFile]:
        """They are about to put these here. Raises NotFound, FailedPrecondition."""
        command = ExpectFile(user=by.user, room=room)
        return [await self._entities.ask(f"file:{file}", command, by=SYSTEM, trace=trace) for file in files]

    async def named(self, room: str, post: Post, *, by: Principal, trace: str) -> Post:
        """The message with the names of its files, which its room looks at as at words. Raises as `expect`."""
        files = files_in(post.attachments) if post.attachments else ()
        expected = await self.expect(by, room, files, trace)
        return msgspec.structs.replace(post, named=tuple(file.name for file in expected)) if expected else post

    async def _in_turn(
        self,
        room: str,
        post: Post,
        files: Sequence[str],
        before: "asyncio.Future[None] | None",
        by: Principal,
        trace: str,
    ) -> Reply:
        key, mine = (by.user, room), asyncio.get_running_loop().create_future()
        self._under_way[key] = mine
        try:
            post = await self.named(room, post, by=by, trace=trace)
            if before is not None:
                await asyncio.wait([before])
            said = asyncio.ensure_future(self._rooms.submit(room, post, by=by, trace=trace))
        finally:
            mine.set_result(None)  # what comes next begins behind ours
            if self._under_way.get(key) is mine:
                del self._under_way[key]
        reply = await said
        await self._place(room=room, reply=reply, files=files, by=by, trace=trace)
        return reply

    async def _place(self, room: str, reply: Reply, files: Sequence[str], by: Principal, trace: str) -> None:
        """What the room's letter says too, a moment later."""
        told = msgspec.json.decode(reply.data)
        if "seq" in told:
            command = PlaceFile(user=by.user, place=Place(room, told["id"]))
            for file in files:
                await self._entities.ask(f"file:{file}", command, by=SYSTEM, trace=trace)
