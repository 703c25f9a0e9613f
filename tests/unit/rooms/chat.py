"""A room with people in it, in words: what the tests of rooms say and see."""

from typing import Any

from actors.kernel.contract.entity import Principal
from actors.rooms.messages import history
from actors.rooms.messages.unread import WINDOW
from actors.rooms.room import commands as c
from actors.rooms.room.kind import RoomKind
from config.settings import RoomSettings
from tests.unit.rooms.harness import Done, World, run

ROOM = "room:r1"


class Chat:
    """One room in a world of its own. Acks come back as data; a refusal is raised."""

    def __init__(
        self, window: int = WINDOW, room: str = ROOM, bounds: history.PageBounds = history.USUAL, **settings: Any
    ) -> None:
        self.room = room
        self.world = World(RoomKind(RoomSettings(**settings), window=window, bounds=bounds))

    def do(self, command: c.RoomCommand, by: str | Principal) -> Any:
        """The ack's data."""
        return self.done(command, by).data

    def done(self, command: c.RoomCommand, by: str | Principal) -> Done:
        """The ack and what listeners saw."""
        return self.world.do(self.room, command, by)

    def seen(self, command: c.RoomCommand, by: str | Principal) -> list[Any]:
        """What listeners saw of a command that was accepted."""
        done = self.done(command, by)
        assert done.data is not None
        return done.packets

    def post(self, by: str, body: str = "hello", **rest: Any) -> Any:
        """Post; the ack's data."""
        return self.do(c.Post(body=body, **rest), by)

    def messages(self, by: str = "ann", **bounds: Any) -> list[Any]:
        """A page of history."""
        found: list[Any] = self.do(c.History(**bounds), by)["messages"]
        return found

    def bodies(self, by: str = "ann", **bounds: Any) -> list[str]:
        """The bodies of a page of history."""
        return [message["body"] for message in self.messages(by, **bounds)]

    def unread(self, by: str) -> int:
        """How many messages that user has not read."""
        count: int = self.do(c.Glance(), by)["unread"]
        return count

    @property
    def version(self) -> int:
        """The seq of the last event."""
        return self.world.resident(self.room).version


def a_group(*others: str, **settings: Any) -> Chat:
    """A private group of ann, its owner, and these others."""
    chat = Chat(**settings)
    assert chat.do(c.Create(members=others), "ann")["created"]
    return chat


def an_open_room(**settings: Any) -> Chat:
    """An open group of ann alone."""
    chat = Chat(**settings)
    assert chat.do(c.Create(open=True, title="Lobby"), "ann")["created"]
    return chat


def a_pair(**settings: Any) -> Chat:
    """The direct room of ann, who created it, and bob."""
    chat = Chat(**settings)
    assert chat.do(c.Create(kind="direct", members=("bob",)), "ann")["created"]
    return chat


def everything_stored(chat: Chat) -> bytes:
    """All bytes that the room left anywhere, with every secret opened."""
    host, world = chat.world.host, chat.world
    found = [repr(resident.parts).encode() + world.state(name) for name, resident in world.residents.items()]
    for turn in run(world.turns(ROOM)):
        found += [repr(run(host.codec.opened(ROOM, [turn]))).encode(), repr(turn.commands).encode()]
    for view in world.views("messages"):
        [opened] = run(host.codec.open_views([view]))
        found.append(repr(opened).encode())
    return b"\n".join(found)
