"""E-mail addresses: which can be one, and when two are the same. Pure.

What an address is, email-validator says (RFC 5321, 5322, 6531; IDNA 2008). Whether it exists, only a mail tells.
"""

import re
from itertools import takewhile
from typing import Annotated, Final
from unicodedata import category, normalize

import email_validator
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

LONGEST: Final = 320  # characters that are looked at; an address that can be has 254 octets (RFC 5321, erratum 1690)
# What accounts of the first release could be made with; a few of these are no addresses by the standards.
_FIRST_RELEASE: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,3}")
# A clinic may have its mail at `.local`, a test its own at `.test`. The library documents to change this list.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()


def mailbox(text: str) -> str:
    """The address in `text`, without what phones and mail programs put around it.

    Raises:
        ValueError: it is none; says why, in words for the person who typed it.
    """
    return _read(text).normalized


def known_mailbox(text: str) -> str:
    """The same for an address that may have an account already.

    Raises:
        ValueError: it is none, and could not be registered in the first release either.
    """
    try:
        return mailbox(text)
    except ValueError:
        if _FIRST_RELEASE.fullmatch(text.strip()):
            return text.strip()
        raise


def folded(address: str) -> str:
    """What all spellings of an address have in common: case, composition of letters (NFC) and the form of the domain
    (`bücher.example`, `xn--bcher-kva.example`) do not tell addresses apart.

    Lower case and not case folding: that would make one of `straße@...` and `strasse@...`, which are two people's.
    """
    try:
        read = _read(address)
    except ValueError:
        return address.strip().lower()
    return f"{normalize('NFC', read.local_part.lower())}@{(read.ascii_domain or read.domain).lower()}"


def _read(text: str) -> email_validator.ValidatedEmail:
    return email_validator.validate_email(_bare(text), check_deliverability=False)


def _bare(text: str) -> str:
    """Without white space and invisible characters at both ends."""
    before = sum(1 for _ in takewhile(_is_blank, text))
    after = sum(1 for _ in takewhile(_is_blank, reversed(text[before:])))
    return text[before : len(text) - after]


def _is_blank(letter: str) -> bool:
    return letter.isspace() or category(letter) in ("Cc", "Cf")


def _checked(text: str) -> str:
    try:
        return mailbox(text)
    except ValueError as error:
        raise PydanticCustomError("email", "{why}", {"why": str(error)}) from None


def _checked_known(text: str) -> str:
    try:
        return known_mailbox(text)
    except ValueError as error:
        raise PydanticCustomError("email", "{why}", {"why": str(error)}) from None


_SHOWN: Final = Field(max_length=LONGEST, examples=["ada@example.org"], json_schema_extra={"format": "idn-email"})
Email = Annotated[str, _SHOWN, AfterValidator(_checked)]
"""An address for a new account."""
KnownEmail = Annotated[str, _SHOWN, AfterValidator(_checked_known)]
"""An address that may have an account."""
