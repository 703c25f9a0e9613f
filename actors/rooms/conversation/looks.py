"""What is read of a conversation, and who is behind its words. Pure."""

from actors.kernel.contract.entity import Context, Decision
from actors.rooms.conversation.commands import AboutWhom, See, Unveil
from actors.rooms.conversation.rules import conversation_of, system_only
from actors.rooms.replies import ConversationView, SearchPermit, SpokenOf, WhoIsWho
from actors.rooms.room.membership import opening_in, profile_of, require_member
from actors.rooms.room.sight import alias_of, sight_of, veil_of
from actors.rooms.room.state import RoomState


def may_search(room: RoomState, context: Context) -> Decision:
    """What the caller may find. What it says holds until they leave or come again, or the room's profile changes."""
    searched = profile_of(room).searchable and not room.e2ee
    return Decision(SearchPermit(searched=searched, sight=sight_of(room, context.by.user)))


def see(room: RoomState, command: See, context: Context) -> Decision:
    """The conversation, and who is in it."""
    user = context.by.user
    require_member(room, user)
    conversation_of(room)
    opening = opening_in(context)
    view = ConversationView(
        room=room.to_wire(user, opening=opening), members=room.roster(user), note=opening.note or None
    )
    return Decision(view)


def about_whom(room: RoomState, command: AboutWhom, context: Context) -> Decision:
    """Of whom it speaks."""
    system_only(context)
    return Decision(SpokenOf(client_id=opening_in(context).client))


def unveil(room: RoomState, command: Unveil, context: Context) -> Decision:
    """Who is behind which alias."""
    system_only(context)
    veil = veil_of(room)
    return Decision(WhoIsWho(aliases={alias_of(veil, user): user for user in room.members} if veil else {}))
