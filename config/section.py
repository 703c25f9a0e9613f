"""What every part of the settings tree is."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of the tree: read-only, and a name that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
