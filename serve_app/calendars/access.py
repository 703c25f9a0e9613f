"""Who asks, for the routes of calendars: the one place where a policy of actions is hung in."""

from typing import Any

from fastapi import Depends

from serve_app.api.access import caller


def permit(action: str) -> Any:
    """The caller, who may do `action` as far as their role tells; the entities judge the rest."""
    del action  # every role may ask; who may do what with which calendar is `actors.calendars.roles`
    return Depends(caller)
