"""Mail, for the list of capabilities. It keeps nothing: what is to be sent lies with whoever sends it, until it is."""

from typing import Final

from serve_app.capabilities.capability import Capability

EMAIL: Final = Capability(name="email")
