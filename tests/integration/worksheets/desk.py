"""Tess, who gives work, and Ada, who does it."""

from dataclasses import dataclass
from typing import Any, Final

from tests.gateway_rig import Client, token
from tests.identity_rig import House

DIARY: Final[dict[str, Any]] = {
    "fields": [
        {"id": "mood", "type": "scale", "label": "How was it?", "min": 0, "max": 10, "required": True},
        {"id": "story", "type": "long_text", "label": "What happened?", "show_if": "{mood} < 5"},
        {"id": "walk", "type": "boolean", "label": "Did you walk?"},
    ],
    "scores": [
        {
            "id": "total",
            "title": "Mood",
            "expression": "{mood} * 10",
            "higher_is": "better",
            "reliable_change": {"points": 20},
            "cutoff": {"points": 50},
            "source": "For tests.",
        }
    ],
    "alerts": [{"id": "low", "when": "{mood} < 2", "urgency": "high", "message": "Low."}],
}


@dataclass
class Pair:
    """The two, in care."""

    home: House
    client: str
    therapist: str

    @property
    def ada(self) -> str:
        """A token of hers."""
        return token(self.client)

    @property
    def tess(self) -> str:
        """A token of hers."""
        return token(self.therapist, "therapist")

    async def made(self, schema: dict[str, Any] | None = None, **more: Any) -> Any:
        """A published worksheet."""
        body = {"title": "Diary", "schema": schema or DIARY} | more
        made = await self.home.ok("POST", "/api/worksheets", body, bearer=self.tess)
        return await self.home.ok("POST", f"/api/worksheets/{made['worksheet_id']}/publish", {}, bearer=self.tess)

    async def given(self, worksheet: Any = None, **more: Any) -> Any:
        """An assignment of it."""
        worksheet = worksheet or (await self.made())["worksheet_id"]
        body = {"worksheet_id": worksheet, "client_id": self.client} | more
        return await self.home.ok("POST", "/api/assignments", body, bearer=self.tess)

    async def deed(self, assignment: Any, verb: str, bearer: str, **body: Any) -> Any:
        """Something done about one."""
        path = f"/api/assignments/{assignment['assignment_id']}/{verb}"
        return await self.home.ok("POST", path, body, bearer=bearer)

    async def get(self, assignment: Any, bearer: str = "", what: str = "") -> Any:
        """It, or something of it."""
        path = f"/api/assignments/{assignment['assignment_id']}{what}"
        return await self.home.ok("GET", path, bearer=bearer or self.ada)


async def pair(home: House, name: str) -> Pair:
    """Two of these names, in care."""
    two = Pair(home, f"ada-{name}", f"tess-{name}")
    body = {"client_id": two.client, "therapist_id": two.therapist}
    await home.ok("POST", "/api/care", body, bearer=home.admin())
    return two


async def heard(socket: Client, name: str) -> Any:
    """The first event of this name."""
    return await socket.next(name)
