"""The adapters to those who deliver mail: the only files that import their libraries.

failover.py       the connector `email`: several providers, in their order
providers.py      what a provider is
smtp.py           mail servers
connections.py    connections to them, kept open
http_provider.py  what those with an HTTP API have in common
sendgrid.py  mailgun.py   the two
fates.py          the connector `mail_fates`: what became of mails
"""

from collections.abc import Iterable, Iterator
from typing import Final

from common.clock import Clock
from config.settings import Settings
from serve_app.activities.connector import Connector
from serve_app.capabilities.connecting import Connectors, RunnerContext
from serve_app.capabilities.email.connectors.providers import MailProvider


def _open(context: RunnerContext) -> Iterable[Connector]:
    settings = context.settings
    if not settings.email.configured:
        return
    from common.auth.keys import link_keys
    from common.auth.links import LinkTokens
    from serve_app.capabilities.carrying import with_words
    from serve_app.capabilities.email.assembly import composer_of
    from serve_app.capabilities.email.connectors.failover import EmailConnector
    from serve_app.capabilities.email.connectors.fates import FatesConnector
    from serve_app.capabilities.email.figures import MailFigures
    from serve_app.capabilities.email.ledger import MailLedger
    from serve_app.capabilities.email.linking import Linking
    from serve_app.capabilities.email.suppressions import suppressions_of

    suppressions = suppressions_of(context.root, context.database, context.clock)
    figures = MailFigures(context.database, context.clock)
    yield FatesConnector(suppressions, figures)
    email = EmailConnector(
        providers=list(_providers(settings, context.clock)),
        composer=composer_of(settings),
        addresses=context.addresses,
        ledger=MailLedger(suppressions, figures),
        clock=context.clock,
        linking=Linking(LinkTokens(link_keys(context.root, settings.notifications.link_generation))),
        breaker=(settings.activities.breaker_failures, settings.activities.breaker_pause_s),
    )
    yield with_words(email, context)


def _providers(settings: Settings, clock: Clock) -> Iterator[MailProvider]:
    """Those that are configured, in their order."""
    from serve_app.capabilities.email.connectors.mailgun import MailgunProvider
    from serve_app.capabilities.email.connectors.sendgrid import SendGridProvider
    from serve_app.capabilities.email.connectors.smtp import SmtpProvider
    from serve_app.capabilities.email.message import Letterhead

    email, sender = settings.email, Letterhead(settings.email.from_).address
    for name in email.configured:
        if name in email.servers:
            yield SmtpProvider(name, email.servers[name], sender, clock)
        elif name == "sendgrid" and email.sendgrid_key is not None:
            yield SendGridProvider(email.sendgrid_key.get_secret_value(), email.sendgrid_url, clock)
        elif email.mailgun_key is not None and email.mailgun_domain is not None:
            key = email.mailgun_key.get_secret_value()
            yield MailgunProvider(key, email.mailgun_domain, email.mailgun_url, clock)


CONNECTORS: Final = Connectors(open=_open)
