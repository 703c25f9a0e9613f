"""What identity is made of."""

from dataclasses import dataclass

from serve_app.audit.record import AuditRecord
from serve_app.identity.accounts import Accounts
from serve_app.identity.codes import Codes, Invitations
from serve_app.identity.guard import Revocations
from serve_app.identity.lockout import Lockout
from serve_app.identity.notices import Notices
from serve_app.identity.outbox import Outbox
from serve_app.identity.passwords import Passwords
from serve_app.identity.sealing import Sealing
from serve_app.identity.sessions import Sessions
from serve_app.identity.tickets import Tickets


@dataclass(frozen=True, slots=True)
class Parts:
    """What the service is made of."""

    accounts: Accounts
    sessions: Sessions
    codes: Codes
    invitations: Invitations
    revocations: Revocations
    lockout: Lockout
    passwords: Passwords
    tickets: Tickets
    sealing: Sealing
    outbox: Outbox
    notices: Notices
    audit: AuditRecord
