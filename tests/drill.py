"""`make drill [NAME]`: what takes too long for `make test`, or the same with other seeds. Each drill ends by itself.

simulation   2,000 further seeds of the kernel's promises, and a share of the other simulations
short        100 further seeds of the kernel's promises; what CI runs
activities   5,000 mails over a server that is away, slow or hangs up now and then, while runner, shard, mongod and API
             are killed at random times, partitions move, and the runner is stopped for 30 s
payments     2,000 payments at a Stripe that loses answers, breaks and is away, while runner, shard, mongod and API are
             killed: each is charged once, and both books agree
payouts      1,000 bills, whose shares are paid out to ten therapists by a Stripe that loses answers, breaks and is
             away, and by banks that refuse, while runner, shard, mongod and API are killed: each euro is paid once
whole-lives  200 lives of bills through the whole program, beside a Stripe that loses answers and webhooks: each bill
             ends as Stripe says
rush         500 payments of one bill at once, 200 refunds, 100 people with a code for 5, 200 reservations of 10
holds        120 times 9 rounds of payment against the expiry of a hold, while runner and shards die: each is booked and
             captured, or neither
invoices     500 electronic invoices, and the credit notes of them, before the schema and the Schematron of EN 16931
lives        10,000 further lives of a payment at Stripe
ladder       200 emergencies whose rungs are asked in their time while shard and runner die
ring         500 calls to five devices each, three of which answer at once, while the shard dies
cancelled    2,000 bookings made, moved, cancelled and reminded of while mail server, push service and shard fail: no
             word of an earlier version comes after a later one
told         100,000 people told one thing
failover     5,000 mails over two servers that are away, slow, refuse for now or hang up after they took one, at random:
             all arrive, doubles only where a server hung up, under one Message-ID
phones       5,000 things told to people with three phones, while shard, runner and mongod die and the push service
             hangs up; and 1,000 to people whose sockets acknowledge after a while
uploads      20 files sent by tus while api, mongod, clamd and whoever looks at files are killed
search       1,500 messages are said and looked for while search, follower, api and mongod are killed, the folder of the
             index is deleted, and its disk is full: each is found once, and the comparison afterwards finds nothing
files        5,000 pictures with something changed in them: no crash, nothing left of what they told, an answer each
media        a minute of a call between browsers in bad weather: freezes, gaps in the sound, what was asked for again;
             a relay that is killed under one of three who talk; and a meeting that is recorded while gateway, API,
             shard, runner, mongod and media worker are killed
sheets       20 worksheets written by two each for a minute while gateway, shards, API and mongod are killed in turn
doors        what schemathesis makes of every member of every request, beside what `make test` takes of it
forms        2,000 generated worksheets and answers: shown, missing and counted is what survey-core does
mutants      200,000 changed updates of worksheets, and bytes that are none, through the door, while others write theirs
features     the whole program with each feature off alone: its processes, doors and documents; and on again
parked       1,000,000 activities for a partner that refuses until all of them are made

SIZE=100000 makes those that have a size of this size; FIRST_SEED=7 begins with this seed.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

OF_THE_SUITE: Final = 1000  # seeds that `make test` uses, from 0


@dataclass(frozen=True)
class Drill:
    """`rounds` runs of pytest over `tests`, each with seeds of its own, ended after `limit_s`. `size` is how large a
    test may be that can be of any size; `at_once` of them run beside each other (0: one after the other, and what they
    print is shown)."""

    tests: tuple[str, ...]
    rounds: int
    limit_s: float
    size: int = 0
    at_once: int = 2

    def first_seeds(self, first: int = OF_THE_SUITE) -> list[int]:
        """The first seed of each round; never one of the suite's, unless somebody asks for it."""
        return [first + number * OF_THE_SUITE for number in range(self.rounds)]

    def options(self) -> list[str]:
        """Of pytest."""
        return ["-n", f"{self.at_once}"] if self.at_once else ["-n", "0", "-s"]


DRILLS: Final[Mapping[str, Drill]] = {
    "simulation": Drill(("tests/simulation",), rounds=2, limit_s=1800.0),
    "short": Drill(
        ("tests/simulation/test_kernel.py::test_no_crash_and_no_lost_answer_breaks_a_promise[0]",),
        rounds=1,
        limit_s=300.0,
    ),
    "activities": Drill(("tests/drills/test_activities.py",), rounds=1, limit_s=1800.0, size=5000, at_once=0),
    "payments": Drill(("tests/drills/money/test_payments.py",), rounds=1, limit_s=1800.0, size=2000, at_once=0),
    "payouts": Drill(("tests/drills/money/test_payouts.py",), rounds=1, limit_s=1800.0, size=1000, at_once=0),
    "whole-lives": Drill(("tests/drills/money/test_lives.py",), rounds=1, limit_s=1800.0, size=200, at_once=0),
    "rush": Drill(("tests/integration/payments/test_rush.py",), rounds=1, limit_s=900.0, size=200, at_once=0),
    "holds": Drill(
        (
            "tests/unit/payments/sessions/test_pay_at_booking.py::test_confirmed_and_paid_never_differ_whenever_the_hold_lapses",
        ),
        rounds=1,
        limit_s=1800.0,
        size=120,
    ),
    "invoices": Drill(
        ("tests/unit/payments/billing/test_einvoice.py::test_schema_and_rules_accept_every_invoice_and_credit_note",),
        rounds=1,
        limit_s=900.0,
        size=500,
        at_once=0,
    ),
    "lives": Drill(
        ("tests/unit/payments/test_lives_at_stripe.py::test_a_thousand_lives_end_as_stripe_says",),
        rounds=10,
        limit_s=1800.0,
    ),
    "ladder": Drill(("tests/drills/test_ladder.py",), rounds=1, limit_s=900.0, size=200, at_once=0),
    "ring": Drill(("tests/drills/test_ring.py",), rounds=1, limit_s=1800.0, size=500, at_once=0),
    "cancelled": Drill(("tests/drills/told/test_cancelled.py",), rounds=1, limit_s=3600.0, size=2000, at_once=0),
    "told": Drill(("tests/drills/told/test_told.py",), rounds=1, limit_s=1800.0, size=100_000, at_once=0),
    "failover": Drill(
        ("tests/contract/test_mail_providers.py::test_whatever_happens_all_arrive_and_doubles_have_one_message_id",),
        rounds=1,
        limit_s=900.0,
        size=5000,
        at_once=0,
    ),
    "uploads": Drill(("tests/drills/test_files.py",), rounds=1, limit_s=1200.0, size=20, at_once=0),
    "search": Drill(
        ("tests/drills/test_searching.py", "tests/drills/test_search_page.py"),
        rounds=1,
        limit_s=1200.0,
        size=1500,
        at_once=0,
    ),
    "files": Drill(("tests/unit/files/test_pictures.py",), rounds=1, limit_s=1800.0, size=5000, at_once=0),
    "phones": Drill(("tests/drills/told/test_phones.py",), rounds=1, limit_s=1800.0, size=5000, at_once=0),
    "media": Drill(
        ("tests/drills/test_media.py", "tests/drills/test_relay.py", "tests/drills/test_meetings.py"),
        rounds=1,
        limit_s=1500.0,
        size=60,
        at_once=0,
    ),
    "doors": Drill(("tests/integration/identity/test_openapi.py",), rounds=1, limit_s=2400.0, size=1),
    "mutants": Drill(("tests/drills/worksheets/test_mutants.py",), rounds=1, limit_s=1800.0, size=200_000, at_once=0),
    "forms": Drill(
        (
            "tests/integration/worksheets/test_survey_peer.py::test_generated_worksheets_are_filled_in_as_in_survey_core",
        ),
        rounds=1,
        limit_s=1200.0,
        size=2000,
        at_once=0,
    ),
    "sheets": Drill(("tests/drills/worksheets/test_sheets.py",), rounds=1, limit_s=900.0, size=20, at_once=0),
    "features": Drill(("tests/system/test_features.py",), rounds=1, limit_s=1800.0, size=1, at_once=0),
    "parked": Drill(("tests/drills/test_parked.py",), rounds=1, limit_s=7200.0, size=1_000_000, at_once=0),
}


def main(names: list[str]) -> int:
    """Run these drills; without a name, the simulation. The exit code: 0 when all have passed."""
    unknown = [name for name in names if name not in DRILLS]
    if unknown:
        print(f"there is no drill {unknown[0]}: choose from {', '.join(DRILLS)}", file=sys.stderr)
        return 2
    return max(_run(name, DRILLS[name]) for name in names or ["simulation"])


def _run(name: str, drill: Drill) -> int:
    ends_s = time.monotonic() + drill.limit_s
    size = os.environ.get("SIZE", f"{drill.size}")
    for first in drill.first_seeds(int(os.environ.get("FIRST_SEED", OF_THE_SUITE))):
        command = [sys.executable, "-m", "pytest", "-q", *drill.options(), *drill.tests]
        environment = {**os.environ, "FIRST_SEED": f"{first}", "DRILL_SIZE": size}
        print(f"drill {name}: FIRST_SEED={first} DRILL_SIZE={size} pytest {' '.join(drill.tests)}", flush=True)
        try:
            done = subprocess.run(command, env=environment, timeout=max(1.0, ends_s - time.monotonic()), check=False)
        except subprocess.TimeoutExpired:
            print(f"drill {name}: not done within {drill.limit_s:g} s", file=sys.stderr)
            return 1
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
