"""What identity is made of."""

from dataclasses import dataclass

from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.identity.accounts.account_records import Accounts
from serve_app.capabilities.identity.accounts.codes import Codes, Invitations
from serve_app.capabilities.identity.accounts.lockout import Lockout
from serve_app.capabilities.identity.accounts.passwords import Passwords
from serve_app.capabilities.identity.accounts.sealing import Sealing
from serve_app.capabilities.identity.messages.notices import Notices
from serve_app.capabilities.identity.messages.outbox import MailOutbox
from serve_app.capabilities.identity.sessions.revocation import Revocations
from serve_app.capabilities.identity.sessions.session_records import LoginSessions
from serve_app.capabilities.identity.sessions.tickets import Tickets


@dataclass(frozen=True, slots=True)
class Parts:
    """What the service is made of."""

    accounts: Accounts
    sessions: LoginSessions
    codes: Codes
    invitations: Invitations
    revocations: Revocations
    lockout: Lockout
    passwords: Passwords
    tickets: Tickets
    sealing: Sealing
    outbox: MailOutbox
    notices: Notices
    audit: AuditRecord
