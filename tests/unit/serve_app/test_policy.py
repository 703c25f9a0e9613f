"""The table of who may do what: every cell against a second, independent statement of it."""

from pathlib import Path

import pytest

from common.auth.tokens import ROLES
from common.errors import PermissionDenied
from common.policy import POLICY, RULES, AccessPolicy, PolicyRule, Relation, render
from tests.declared import declared_events

# Rows are actions, columns client, therapist, moderator, admin; letters are relations: (s)elf (o)wner (m)ember (c)are
# (g)rant o(p)en (n)one co(v)er (r)equested; * is all of them. Written by
# hand, so that no change of the table passes by accident.
CELLS = """
room.create * * * *
room.list s s s s
room.join omvrp omvrp omvrp omvrp
room.read omvr omvr omvrg omvrg
room.post omv omv omv omv
room.react omv omv omv omv
room.mark_read omvr omvr omvr omvr
room.type omv omv omv omv
room.edit_message s s s s
room.delete_message so so so so
room.manage o o o o
room.leave om om om om
conversation.create * * * *
conversation.respond r r r r
conversation.read omvr omvr omvr omvr
conversation.list s s s s
conversation.pause - o - *
conversation.close o o - *
room.status s s s s
room.acknowledge omv omv omv omv
room.pin omv omv omv omv
room.use_block omv omv omv omv
scheduled.manage s s s s
chat.privacy s s s s
inbox.read s s s s
e2ee.keys s s s s
e2ee.read sm sm sm sm
e2ee.send sm sm sm sm
e2ee.backup s s s s
search.use * * * *
search.room omvr omvr omvr omvr
search.status - - - *
search.keep - - - *
file.upload * * * *
file.read sm sm sm sm
file.content sm sm sm sm
file.list sm sm sm sm
file.delete s s s s
file.share s s s s
file.link sm sm sm sm
file.accept om om om om
socket.authenticate * * * *
presence.set s s s s
presence.watch * * * *
calendar.availability * * * *
calendar.manage - o - *
calendar.feed - o - *
calendar.share_feed - o - *
booking.share_feed s s s s
booking.create s so s *
booking.read sm smo sm *
booking.confirm s so s *
booking.reschedule s so s *
booking.cancel s so s *
booking.close - o - *
booking.remind - o - *
booking.transfer - o - *
series.create s so s *
series.read s so s *
series.manage s so s *
waitlist.join s so s *
waitlist.read s so s *
waitlist.figures - * - *
waitlist.leave s so s *
ml.use * * * *
ml.classify - * * *
account.enter * * * *
account.read s s s *
account.change s s s s
account.administer - - - *
session.read s s s s
session.revoke s s s s
invitation.manage - - - *
care.propose - * - *
care.accept s - - -
care.read m m m *
care.pause - o - *
care.cover - o - *
care.end m m m *
bill.create - o - *
bill.read sm smo sm *
bill.change - o - *
bill.pay s so s *
bill.refund - o - *
payer.read s s s *
payer.change s s s *
payer.merge - - - *
dispute.change - o - *
fraud.change - - - *
review.decide - - - *
payout.read - o - *
payout.account - o - *
payout.run - - - *
pricing.read * * * *
pricing.change - o - *
discount.read - * - *
discount.change - - - *
discount.use * * * *
plan.read * * * *
plan.change - - - *
subscription.create s s s *
subscription.read sm sm sm *
subscription.change s s s *
usage.record - - - *
invoice.read s so s *
invoice.credit - o - *
issuer.change - o - *
ledger.read - - - *
ledger.reconcile - - - *
tax.read - - - *
tax.change - - - *
email.read - - - *
email.change - - - *
notification.types * * * *
notification.create - c - *
notification.read s s s s
notification.mark s s s s
notification.trace s s s *
notification.choose s s s s
push.register s s s s
push.pull s s s s
emergency.raise s sc s s
emergency.read smo smo smo *
emergency.acknowledge mo mo mo *
emergency.hand_off o o o *
emergency.resolve o o o *
emergency.cancel s sm sm *
ladder.read - o - *
ladder.set - o - *
call.ring * * * *
call.read so so so so
call.answer o o o o
call.decline o o o o
call.cancel s s s s
broadcast.create - - - *
broadcast.read - - - *
broadcast.change - - - *
banner.create - - - *
banner.end - - - *
banner.read * * * *
notification.figures - - - *
recording.start mo mo mo mo
recording.consent smo smo smo smo
recording.stop mo mo mo mo
recording.read mo mo mo gmo
recordings.content mo mo mo gmo
recording.access mo mo mo mo
recording.hold o o o *
recording.delete o o o *
media.read - - - *
media.change - - - *
breakglass.open - - * *
breakglass.read - - g g
audit.read s s s *
privacy.export s s s s
privacy.erase s s s *
operations.read - - - *
report.create * * * *
report.read s s s s
block.read s s s s
block.change s s s s
appeal.create s s s s
case.list - - * *
case.read - - * *
case.decide - - * *
held.read - - * *
restriction.change - - * *
room.monitor - - * *
safety.policy - - - *
retention.read - - - *
retention.change - - - *
hold.read - - - *
hold.change - - - *
hold.export - - - *
job.read - - - *
job.change - - - *
webhook.receive * * * *
link.look * * * *
link.act * * * *
webhook.read - - - *
webhook.replay - - - *
operations.scale - - - *
activity.read - - - *
activity.change - - - *
operations.clock - - - *
meeting.create - * - *
meeting.read om om om *
meeting.change o o o omn
meeting.join om om om *
meeting.media om om om *
meeting.moderate o o o on
meeting.evidence os os os *
meeting.quality o o o *
worksheet.create - * - *
worksheet.read omp omp omp *
worksheet.publish - o - *
worksheet.import - * - *
worksheet.analytics - * - *
worksheet.assign - oc - -
worksheet.follow s so s s
worksheet.work s o - -
worksheet.submit s s s s
worksheet.feedback - o - -
worksheet.private - o - -
worksheet.clarify s so s s
worksheet.scores s sc s s
"""
LETTERS = dict(zip("somcgpnvr", Relation, strict=True))
COLUMNS = ("client", "therapist", "moderator", "admin")


def expected() -> dict[tuple[str, str, Relation], bool]:
    cells: dict[tuple[str, str, Relation], bool] = {}
    for line in CELLS.split("\n"):
        action, *columns = line.split() or [""]
        for role, letters in zip(COLUMNS, columns, strict=False):
            allowed = set(Relation) if letters == "*" else {LETTERS[letter] for letter in letters if letter != "-"}
            cells |= {(action, role, relation): relation in allowed for relation in Relation}
    return cells


def test_every_cell_of_the_table_is_as_it_was_decided() -> None:
    cells = expected()
    assert set(cells) == {(rule.action, role, relation) for rule in RULES for role in ROLES for relation in Relation}
    wrong = {cell for cell, allowed in cells.items() if POLICY.allows(cell[1], cell[2], cell[0]) is not allowed}
    assert not wrong


def test_who_may_never_do_it_is_refused_before_any_relation_is_known() -> None:
    for rule in POLICY:
        for role in ROLES:
            if rule.by_role.get(role):
                POLICY.require(role, rule.action)
            else:
                with pytest.raises(PermissionDenied):
                    POLICY.require(role, rule.action)


def test_one_good_relation_is_enough_and_none_is_not() -> None:
    POLICY.require("client", "booking.read", {Relation.NONE, Relation.SELF})
    with pytest.raises(PermissionDenied):
        POLICY.require("client", "booking.read", {Relation.NONE})
    with pytest.raises(PermissionDenied):
        POLICY.require("client", "booking.read", ())


def test_a_role_that_nobody_knows_may_nothing() -> None:
    assert not any(POLICY.ever("root", rule.action) for rule in POLICY)


def test_an_action_that_nobody_knows_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        POLICY.require("admin", "room.reed")
    with pytest.raises(ValueError, match="one rule"):
        AccessPolicy([PolicyRule("a", "", {}), PolicyRule("a", "", {})])


def test_every_event_stands_under_an_action_that_exists() -> None:
    assert all(handler.action in POLICY for handler in declared_events().values())


def test_the_documentation_shows_the_table_as_it_is() -> None:
    shown = Path(__file__).parents[3] / "docs" / "policy.md"
    assert render(POLICY) in shown.read_text(), "run: python -m common.policy > docs/policy.md"


def test_every_action_is_asked_for_somewhere() -> None:
    root = Path(__file__).parents[3]
    packages = ("actors", "realtime", "serve_app")
    asked = "".join(path.read_text() for package in packages for path in (root / package).rglob("*.py"))
    assert [rule.action for rule in RULES if f'"{rule.action}"' not in asked] == []
