"""Conversations: who may begin which."""

from typing import Literal

from pydantic import Field

from config.section import SettingsSection


class ChatSettings(SettingsSection):
    """Conversations."""

    client_to_client: Literal["off", "consent"] = Field(
        default="off", description="Whether clients may write to each other, once the other has agreed."
    )
    max_open_requests: int = Field(
        default=5, ge=1, le=100, description="Requests of one client that wait for an answer at the same time."
    )
