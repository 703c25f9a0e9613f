"""Documents that are drawn anew for whoever asks: browsers show them under their name, and nobody keeps a copy."""

from typing import Any, Final

from fastapi import Response

PDF: Final = "application/pdf"
XML: Final = "application/xml"


def answers_of(media_type: str) -> dict[int | str, dict[str, Any]]:
    """What a route that serves such documents answers."""
    return {200: {"content": {media_type: {}}}, 404: {}, 412: {}}


def served(drawn: bytes, media_type: str, name: str) -> Response:
    """This one."""
    shown = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(drawn, media_type=media_type, headers=shown)
