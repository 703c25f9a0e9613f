"""Worksheets: what is written together, and how large it may become."""

from pydantic import Field

from config.section import SettingsSection


class WorksheetSettings(SettingsSection):
    """Worksheets."""

    min_cohort: int = Field(default=5, ge=1, description="Persons below whom a figure is not shown.")
    clarification_stops_clock: bool = Field(
        default=False, description="The due time moves by as long as a question was open."
    )
    pause_stops_clock: bool = Field(
        default=True, description="The due time moves by as long as the care of client and therapist rested."
    )
    max_update_bytes: int = Field(default=32_768, ge=1024, le=65_536, description="Largest update of a document.")
    max_state_bytes: int = Field(default=524_288, ge=16_384, le=786_432, description="Largest document of an attempt.")
    max_field_chars: int = Field(default=20_000, ge=100, description="Longest text of one field.")
    max_client_numbers: int = Field(
        default=2000, ge=10, description="Writer numbers of one attempt: each device takes one whenever it begins anew."
    )
    max_joined: int = Field(default=20, ge=2, description="Sockets that may have joined a document.")
    max_resident_bytes: int = Field(
        default=67_108_864, ge=1_000_000, description="Documents that one shard keeps in memory, in bytes."
    )
    updates_per_s: float = Field(default=20.0, gt=0, description="Updates of documents from one person.")
    gather_ms: float = Field(
        default=8.0, ge=0, le=100, description="How long an update may wait for others to be stored with, in ms."
    )
    compact_after: int = Field(
        default=200,
        ge=2,
        description="Updates after which a document is stored in one piece, and what was deleted goes.",
    )
