"""Somebody with a file, and what they do with it."""

import io
from typing import Any

from PIL import Image

from tests.gateway_rig import token
from tests.identity_rig import House
from tests.waiting import eventually


def a_picture(kind: str = "JPEG", size: tuple[int, int] = (1600, 1200), **more: Any) -> bytes:
    """A picture of this format."""
    buffer = io.BytesIO()
    Image.effect_noise(size, 40).convert("RGB").save(buffer, kind, **more)
    return buffer.getvalue()


async def upload(
    home: House, user: str, text: bytes, name: str = "note.txt", kind: str = "", *, role: str = "client", **query: str
) -> Any:
    """A small file of theirs, as it begins."""
    async with home.http(token(user, role)) as http:
        headers = {"Content-Type": kind} if kind else {}
        answer = await http.post("/api/files", params={"name": name, **query}, content=text, headers=headers)
    assert answer.status_code == 201, (answer.status_code, answer.text)
    return answer.json()["file"]


async def settled(home: House, user: str, file_id: str) -> Any:
    """The file, once it has been looked at."""
    found: dict[str, Any] = {}

    async def looked_at() -> bool:
        nonlocal found
        found = (await home.ok("GET", f"/api/files/{file_id}", bearer=token(user)))["file"]
        return bool(found["state"] != "scanning")

    await eventually(looked_at, "nobody looked at it")
    return found


async def ready(home: House, user: str, text: bytes, name: str = "note.txt", kind: str = "") -> Any:
    """A file of theirs that can be had."""
    found = await settled(home, user, (await upload(home, user, text, name, kind))["file_id"])
    assert found["state"] == "ready", found
    return found
