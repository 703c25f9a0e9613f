"""What is sent to people, as the notifier owes it and the connectors read it. Each new member has a default."""

import msgspec

EMAIL = "email"
"""The connector that sends `Mail`."""


class Mail(msgspec.Struct, frozen=True):
    """One mail. `template` names the words, `code` is what they are about, if anything.

    It goes to the address that the account of `user` has when it is sent; `to` is the address of somebody who has no
    account yet.
    """

    template: str
    user: str = ""
    to: str = ""
    code: str = ""
