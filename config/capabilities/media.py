"""Workers that forward sound and picture: where they listen, and how many there may be."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from common.net.ports import PortRange, port_range
from config.section import SettingsSection


def _check_ports(text: str) -> str:
    port_range(text)
    return text


class MediaSettings(SettingsSection):
    """Of the whole house; each worker takes one UDP port."""

    host: str = Field(default="127.0.0.1", description="Address that media workers listen on.")
    public_ip: str | None = Field(
        default=None, description="Address of media workers that clients are told; unset: `host`."
    )
    ports: Annotated[str, AfterValidator(_check_ports)] = Field(
        default="8100-8131", description="UDP ports of media workers, one each."
    )
    max_workers: int = Field(default=4, ge=0, le=64, description="Media workers a node at most; 0: none.")
    spare: int = Field(default=1, ge=0, le=8, description="Workers kept ready while anybody is in a meeting.")
    idle_s: float = Field(default=300.0, gt=0, description="Seconds without a meeting until a worker ends.")
    max_streams: int = Field(default=400, gt=0, description="Forwarded streams a worker takes at most.")
    max_load: float = Field(default=0.7, gt=0, le=1, description="Share of a core a worker uses at most.")
    start_at: float = Field(
        default=0.6, gt=0, le=1, description="Share of what workers take at most from which another one is started."
    )
    beat_s: float = Field(default=0.5, gt=0, description="Seconds between two signs of life of a worker.")
    hung_s: float = Field(default=2.0, gt=0, description="Seconds without one until a worker counts as hung.")
    orphan_s: float = Field(
        default=600.0, gt=0, description="Seconds without a supervisor and a meeting until a worker ends itself."
    )

    @model_validator(mode="after")
    def _beats_are_more_often_than_death(self) -> Self:
        if self.hung_s < 2 * self.beat_s:
            raise ValueError("media.hung_s must be at least twice media.beat_s")
        return self

    @property
    def port_range(self) -> PortRange:
        """Those of one node."""
        return port_range(self.ports)
