"""The apps that open links of this installation."""

from typing import Annotated, Final

from pydantic import Field, HttpUrl, StringConstraints

from config.section import SettingsSection

_ANDROID: Final = r"^([a-zA-Z][\w.]*:([0-9A-F]{2}:){31}[0-9A-F]{2}(,|$))*$"
_IOS: Final = r"^([A-Z0-9]{10}\.[\w.-]+(,|$))*$"


class AppSettings(SettingsSection):
    """Links of notifications lead to `/open/<kind>/<id>` below the public URL: apps claim such addresses, and browsers
    are sent on."""

    web_url: HttpUrl | None = Field(
        default=None, description="Where browsers are sent on to: <web_url>/<kind>/<id>. Unset: a page says what to do."
    )
    android: Annotated[str, StringConstraints(pattern=_ANDROID)] = Field(
        default="",
        description="Android apps that open such links: package:SHA-256 of its certificate (AA:BB:...), with commas.",
    )
    ios: Annotated[str, StringConstraints(pattern=_IOS)] = Field(
        default="", description="Apps of Apple devices that open such links: TEAM.bundle, with commas."
    )
