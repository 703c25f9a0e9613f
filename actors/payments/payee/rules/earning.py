"""Shares come, go back, and fall due."""

import msgspec

from actors.payments.payee.commands import Earn, Finish
from actors.payments.payee.rules.draft import PayeeDraft
from actors.payments.payee.state import PayableItem, with_item


def earned(draft: PayeeDraft, command: Earn) -> None:
    """The share of what was taken; what went back lessens it, or is a debt, and that is due at once."""
    release = command.release if command.share > 0 else draft.now_ms
    item = PayableItem(
        bill=command.bill,
        gross=command.gross,
        share=command.share,
        fee=command.fee,
        currency=command.currency,
        release=release,
    )
    draft.set("earned", items=with_item(draft.record.items, item))


def finished(draft: PayeeDraft, command: Finish) -> None:
    """What was owed for a session that is over falls due."""
    waiting = [one for one in draft.record.items if one.bill == command.bill and not one.release]
    if waiting:
        items = tuple(
            msgspec.structs.replace(one, release=command.release) if one in waiting else one
            for one in draft.record.items
        )
        draft.set("finished", items=items)
