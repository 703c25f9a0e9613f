"""What makes messages of mails, as the settings have it."""

from config.settings import Settings
from serve_app.capabilities.email.message import Composer, Letterhead
from serve_app.capabilities.email.rendering import Templates


def composer_of(settings: Settings) -> Composer:
    """One a process: making it compiles the forms."""
    public_url = settings.http.public_url
    return Composer(Letterhead(settings.email.from_, public_url), Templates(public_url))
