"""The adapters to push services: the only files that import their libraries.

push.py         what every service has in common: reading a push, its payload, its topic, its end
words.py        what is shown where what happened may not be
vapid.py        the keys that browsers know us by, and the tokens made with them
endpoints.py    which addresses of browsers are called at all
webpush.py      browsers
deferred.py     a connector that is not imported before the first push
fcm.py          apps, through Firebase
fcm_tokens.py   access tokens of a service account of Google's
apns.py         apps on Apple's devices
apns_tokens.py  the token that Apple knows us by
http2.py        how Apple is spoken to
"""

import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from actors.notifications.activities import WEBPUSH
from common.clock import Clock
from config.settings import Settings
from serve_app.activities.connector import Capacity, Connector
from serve_app.capabilities.connecting import Connectors, RunnerContext

if TYPE_CHECKING:
    from serve_app.capabilities.notifications.connectors.apns import ApnsConnector

WEBPUSH_CAPACITY: Final = Capacity(at_once=64, call_s=12.0)


def push_connectors(context: RunnerContext) -> Iterable[Connector]:
    """Those whose service is configured. Browsers need no account, so they can always be reached."""
    from serve_app.capabilities.carrying import with_words
    from serve_app.capabilities.notifications.connectors.deferred import Deferred

    def webpush() -> Connector:
        from serve_app.capabilities.notifications.connectors.vapid import subject_of, vapid_keys_of
        from serve_app.capabilities.notifications.connectors.webpush import WebPushConnector

        keys, tls = vapid_keys_of(settings, context.root), authorities(settings)
        return WebPushConnector(keys, subject_of(settings), settings.push.hosts, context.clock, tls=tls)

    settings = context.settings
    yield with_words(Deferred(WEBPUSH, WEBPUSH_CAPACITY, webpush), context)
    if settings.push.fcm_credentials is not None:
        from serve_app.capabilities.notifications.connectors.fcm import FcmConnector

        push = settings.push
        fcm = FcmConnector(settings.push.fcm_credentials, push.fcm_url, context.clock, ca_file=push.ca_file)
        yield with_words(fcm, context)
    if settings.push.apns is not None:
        yield with_words(apns_connector(settings, context.clock), context)


def apns_connector(settings: Settings, clock: Clock) -> "ApnsConnector":
    """The connector to Apple's push service, of settings that have all it takes."""
    from serve_app.capabilities.notifications.connectors.apns import ApnsConnector, ApnsPlaces
    from serve_app.capabilities.notifications.connectors.apns_tokens import ProviderTokens

    assert settings.push.apns is not None
    key, key_id, team_id, topic = settings.push.apns
    places = ApnsPlaces(settings.push.apns_url, settings.push.apns_sandbox_url, topic)
    return ApnsConnector(places, ProviderTokens(key, key_id, team_id, clock), clock, tls=authorities(settings))


def authorities(settings: Settings) -> ssl.SSLContext | None:
    """Whose certificates are trusted; None: the system's authorities."""
    file = settings.push.ca_file
    return None if file is None else ssl.create_default_context(cafile=file)


CONNECTORS: Final = Connectors(feature="notifications", open=push_connectors)
