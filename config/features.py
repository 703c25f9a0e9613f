"""Which features are on. What is off has no process of its own, no route, no event, and no place in the documents; what
it has stored is still exported and erased."""

from pydantic import Field

from config.section import SettingsSection


class FeatureSettings(SettingsSection):
    """Features, by name. A switch whose feature this version does not have changes nothing: so a deployment can decide
    before it upgrades."""

    notifications: bool = Field(default=True, description="Notifications, by socket, push and mail.")
    payments: bool = Field(default=True, description="Bills, subscriptions and payments.")
    video: bool = Field(default=True, description="Meetings with sound and picture.")
    worksheets: bool = Field(default=True, description="Worksheets and assignments.")
    sync: bool = Field(default=True, description="Records that devices keep in step.")
    files: bool = Field(default=True, description="Files in rooms.")
    moderation: bool = Field(default=True, description="Screening of messages, and cases for moderators.")
    search: bool = Field(default=True, description="Search.")
    analytics: bool = Field(default=True, description="Figures for staff.")
    ml: bool = Field(default=True, description="The symptom model, and the process that serves it.")

    @property
    def reads_the_journal(self) -> bool:
        """Does anything look at what was said after it was stored? Search does so in a process of its own."""
        return self.moderation

    @property
    def off(self) -> tuple[str, ...]:
        """The names of those that are off."""
        return tuple(name for name, on in self if not on)
