"""Settings of notifications."""

from pydantic import Field

from config.section import SettingsSection


class NotificationSettings(SettingsSection):
    """Notifications, calls and emergencies."""

    push_wait_s: float = Field(
        default=5.0, ge=0, description="Seconds that a push waits for somebody to see the notification elsewhere."
    )
    online_wait_s: float = Field(
        default=30.0, ge=0, description="The same while a device of the person is online, counted from the start."
    )
    email_wait_s: float = Field(default=60.0, ge=0, description="Seconds that a mail waits likewise.")
    keep_days: int = Field(default=180, ge=1, description="Days that notifications are kept.")
    pushes_per_hour: int = Field(default=20, ge=1, description="Pushes an hour to one person; more become a digest.")
    pushes_per_subject: int = Field(default=5, ge=1, description="Pushes an hour about one subject.")
    created_per_hour: int = Field(default=60, ge=1, description="Notifications an hour that a therapist may create.")
    link_generation: int = Field(
        default=1,
        ge=1,
        description="Raise it to change the key of links in mails: those of the generation before are still taken.",
    )
    ring_s: float = Field(default=45.0, gt=0, description="Seconds that a call rings.")
    remind_s: float = Field(
        default=900.0, gt=0, description="Seconds after which an emergency that is not resolved is raised again."
    )
    give_up_s: float = Field(default=86_400.0, gt=0, description="Seconds after which an emergency is unanswered.")
    emergency_advice: str = Field(
        default="If somebody is in danger, call your local emergency number now: this message does not replace it.",
        max_length=500,
        description="What whoever raises an emergency is told at once: where to call.",
    )
    location_keep_h: float = Field(
        default=24.0, ge=0, description="Hours that a location is kept after the end of its emergency."
    )
