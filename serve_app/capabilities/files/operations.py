"""Every operation of files that is no transfer of bytes."""

from collections.abc import Awaitable, Callable, Iterator
from hashlib import blake2b
from typing import Any, Final

from actors.kernel.contract.entity import Principal
from actors.rooms.room.commands import Post
from common.clock import Clock, to_rfc3339
from common.errors import FailedPrecondition, NotFound
from common.persons import NothingToTell
from serve_app.capabilities.files import requests
from serve_app.capabilities.files.reading.links import FileLinks, Granted
from serve_app.capabilities.files.requests import FileReply, SharedFile
from serve_app.capabilities.files.server_events import FILE
from serve_app.capabilities.files.service import Files, attachment
from serve_app.edge.conventions.paging import decode_cursor, encode_cursor
from serve_app.edge.operation import Answer, Caller, Example, Operation, Rest

_PATH: Final = "/api/files"
_ROOM: Final = "/api/rooms/{room_id}"
_TAG: Final = "files"
_OF: Final = {"file_id": FILE["file_id"]}
_SHARED: Final[dict[str, Any]] = {
    "id": "msg_01KAFZ0000000000000000000A",
    "seq": 8,
    "sent_at": "2026-11-20T09:30:00.000Z",
    "file": FILE,
}
_PICTURE: Final[dict[str, Any]] = {
    **FILE,
    "name": "garden.jpg",
    "type": "image/jpeg",
    "image": {"width": 1600, "height": 1200, "variants": ["256", "1280"]},
}


class FileOperations:
    """One a process."""

    def __init__(self, files: Files, links: FileLinks, clock: Clock) -> None:
        self._files, self._links, self._clock = files, links, clock

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._reading()
        yield from self._sharing()

    def _reading(self) -> Iterator[Operation[Any]]:
        yield self._operation(
            name="list_files",
            action="file.list",
            request=requests.ListFiles,
            call=self._list,
            rest=Rest("GET", _PATH, tag=_TAG),
            response=requests.FilePage,
            example=Example({"type": "image"}, {"files": [_PICTURE]}),
            description="One's own files, or those of a room in messages that one sees, the newest first.",
        )
        yield self._operation(
            name="get_file",
            action="file.read",
            request=requests.OfFile,
            call=self._get,
            rest=Rest("GET", f"{_PATH}/{{file_id}}", tag=_TAG),
            response=FileReply,
            example=Example(_OF, {"file": FILE}),
            description="A file: for its owner, and for whoever sees a message that it stands in.",
        )
        yield self._operation(
            name="delete_file",
            action="file.delete",
            request=requests.OfFile,
            call=self._delete,
            rest=Rest("DELETE", f"{_PATH}/{{file_id}}", tag=_TAG),
            response=NothingToTell,
            example=Example(_OF, {}),
            description="Delete a file of one's own, everywhere.",
            writes=True,
        )
        yield self._operation(
            name="link_file",
            action="file.link",
            request=requests.LinkFile,
            call=self._link,
            rest=Rest("POST", f"{_PATH}/{{file_id}}/link", tag=_TAG),
            response=requests.FileLink,
            example=Example(
                {**_OF, "ttl_s": 60}, {"url": "https://care.example/f/AbC", "expires_at": "2026-11-20T09:31:00.000Z"}
            ),
            description="An address that needs no token. It is good for as long as whoever asked may read "
            "the file themselves.",
            writes=True,
        )

    def _sharing(self) -> Iterator[Operation[Any]]:
        yield self._operation(
            name="share_file",
            action="file.share",
            request=requests.ShareFile,
            call=self._share,
            rest=Rest("POST", f"{_ROOM}/files", tag=_TAG),
            response=SharedFile,
            example=Example({"room_id": "room_ward", **_OF, "caption": "The letter"}, _SHARED),
            description="Put a file of one's own into a room, as a message.",
            writes=True,
        )
        yield self._operation(
            name="share_image",
            action="file.share",
            request=requests.ShareImage,
            call=self._share_image,
            rest=Rest("POST", f"{_ROOM}/images", tag=_TAG),
            response=SharedFile,
            example=Example({"room_id": "room_ward", **_OF, "alt": "A garden"}, {**_SHARED, "file": _PICTURE}),
            description="Put a picture of one's own into a room, with words for who does not see it.",
            writes=True,
        )
        yield self._operation(
            name="accept_media",
            action="file.accept",
            request=requests.FilesOfMessage,
            call=self._accept,
            rest=Rest("POST", f"{_ROOM}/messages/{{message_id}}/accept-media", tag=_TAG),
            response=FileReply,
            example=Example({"room_id": "room_ward", "message_id": _SHARED["id"]}, {"file": _PICTURE}),
            description="See the pictures of a message that were blurred.",
            writes=True,
        )

    async def _list(self, request: requests.ListFiles, caller: Caller) -> requests.FilePage:
        before = None if request.cursor is None else str(decode_cursor(request.cursor, str)[0])
        found = await self._files.page(
            caller.by,
            room=request.room_id,
            kind=request.type,
            before=before,
            limit=request.limit + 1,
            trace=caller.trace,
        )
        page = list(found[: request.limit])
        more = encode_cursor(page[-1].file_id) if len(found) > request.limit else None
        return requests.FilePage(files=page, next_cursor=more)

    async def _get(self, request: requests.OfFile, caller: Caller) -> FileReply:
        return FileReply(file=await self._files.get(request.file_id, caller.by, caller.trace))

    async def _delete(self, request: requests.OfFile, caller: Caller) -> NothingToTell:
        await self._files.delete(request.file_id, caller.by, caller.trace)
        return NothingToTell()

    async def _link(self, request: requests.LinkFile, caller: Caller) -> requests.FileLink:
        await self._files.sight.of(request.file_id, caller.by, caller.trace)
        until_ms = self._clock.now_ms() + request.ttl_s * 1000
        granted = Granted(
            file=request.file_id,
            variant=request.variant or "",
            user=caller.by.user,
            role=caller.by.role,
            until_ms=until_ms,
            attached=request.disposition == "attachment",
        )
        return requests.FileLink(url=self._links.address(granted), expires_at=to_rfc3339(until_ms))

    async def _share(self, request: requests.ShareFile, caller: Caller) -> SharedFile:
        return await self._shared(request, "file", attachment(request.file_id), caller)

    async def _share_image(self, request: requests.ShareImage, caller: Caller) -> SharedFile:
        found = await self._files.get(request.file_id, caller.by, caller.trace)
        if found.owner_id == caller.by.user and found.state == "ready" and found.image is None:
            raise FailedPrecondition("This file is no picture.", details={"reason": "no_picture"})
        return await self._shared(request, "image", attachment(request.file_id, request.alt), caller)

    async def _shared(self, request: requests.ShareFile, kind: str, attached: bytes, caller: Caller) -> SharedFile:
        client_id = request.client_id or (f"key {_short(caller)}" if caller.idempotency_key else None)
        post = Post(body=request.caption or "", client_id=client_id, kind=kind, attachments=attached)
        return await self._files.share(post, request.room_id, request.file_id, caller.by, trace=caller.trace)

    async def _accept(self, request: requests.FilesOfMessage, caller: Caller) -> FileReply:
        found = await self._files.accept(request.room_id, request.message_id, caller.by, caller.trace)
        return FileReply(file=found)

    def _operation(
        self,
        name: str,
        action: str,
        request: type[Any],
        call: Callable[[Any, Caller], Awaitable[Answer]],
        rest: Rest,
        response: type[Any],
        example: Example,
        description: str,
        *,
        writes: bool = False,
    ) -> Operation[Any]:
        named = tuple(one for one in ("file_id", "room_id") if one in request.__struct_fields__)
        return Operation(
            name=name,
            action=action,
            request=request,
            call=call,
            rest=rest,
            limit="write" if writes else "read",
            response=response,
            resource=named,
            refuses=(NotFound, FailedPrecondition),
            example=example,
            description=description,
        )


def _short(caller: Caller) -> str:
    return blake2b(caller.idempotency_key.encode(), digest_size=16).hexdigest()


def reader_of(granted: Granted) -> Principal:
    """Whoever made a link, as whom it is judged."""
    return Principal(granted.user, granted.role)
