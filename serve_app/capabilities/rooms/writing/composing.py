"""What a client sends, as its room takes it: markdown rendered, links judged, and what else there is, in its place."""

from collections.abc import Sequence
from typing import Any

import msgspec

from actors.rooms.messages.more import PLAIN, More, Rich
from actors.rooms.room.commands import Post
from common.decoding import MAX_DEPTH, check_plain
from common.errors import InvalidArgument
from serve_app.capabilities.rooms.requests import PostMessage
from serve_app.capabilities.rooms.writing import links, markdown


def post_of(request: PostMessage) -> Post:
    """The message without its blocks.

    Raises:
        InvalidArgument: markdown or attachments that nobody could show.
    """
    attachments = b""
    if request.attachments:
        check_plain(request.attachments, MAX_DEPTH)
        attachments = msgspec.json.encode(request.attachments)
    return Post(
        body=request.body,
        client_id=request.client_id,
        kind=request.kind,
        reply_to=request.reply_to,
        attachments=attachments,
        more=_more(request),
        rich=_rich(request),
    )


def _rich(request: PostMessage) -> Rich | None:
    rich = rich_of(request.body, markdown_=request.format == "markdown")
    if request.encrypted is None:
        return rich
    return msgspec.structs.replace(rich or Rich(), encrypted=msgspec.json.encode(request.encrypted))


def _more(request: PostMessage) -> More | None:
    more = More(
        format=request.format,
        mentions=tuple(request.mentions or ()),
        mention_all=request.mention_all,
        priority=request.priority,
        ack_requested=request.ack_requested,
    )
    return None if more == PLAIN else more


def with_blocks(post: Post, blocks: bytes) -> Post:
    """The message with blocks: a JSON array, as it is shown."""
    return msgspec.structs.replace(post, rich=msgspec.structs.replace(post.rich or Rich(), blocks=blocks))


def with_files(post: Post, files: Sequence[str]) -> Post:
    """The message with these attached, where they are not yet: so whoever sees a block may read its file."""
    attached: list[dict[str, Any]] = msgspec.json.decode(post.attachments) if post.attachments else []
    known = {one.get("file_id") for one in attached}
    attached += [{"file_id": fromkey} for fromkey in dict.fromkeys(files) if fromkey not in known]
    return msgspec.structs.replace(post, attachments=msgspec.json.encode(attached)) if attached else post


def rich_of(body: str, *, markdown_: bool) -> Rich | None:
    """What words are besides themselves; None: nothing."""
    html, found = markdown.rendered(body) if markdown_ else ("", [])
    judged = links.judged([*found, *links.in_text(body)])
    if not html and not judged:
        return None
    return Rich(html=html, links=msgspec.json.encode(judged) if judged else b"")


def rewritten(body: str) -> Rich | None:
    """The same for other words of a message of which it is not known here whether it is markdown: its room knows."""
    try:
        return rich_of(body, markdown_=True)
    except InvalidArgument:
        return rich_of(body, markdown_=False)
