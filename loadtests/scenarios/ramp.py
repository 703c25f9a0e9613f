"""A ramp for locust: so many users for so long, then more, or fewer.

    locust -f loadtests/locustfile.py,loadtests/scenarios/ramp.py --steps 100:60,500:60,100:30 [--step-seconds 10]

Users come, and leave, evenly over the first `--step-seconds` of each step. The run ends with the last step.
"""

from locust import LoadTestShape, events
from locust.argument_parser import LocustArgumentParser
from typing_extensions import override

from loadtests.lib.steps import DEFAULT, at, parse


class Ramp(LoadTestShape):
    """What locust asks once a second."""

    @override
    def tick(self) -> tuple[int, float] | None:
        """See `at`."""
        assert self.runner is not None
        options = self.runner.environment.parsed_options
        assert options is not None
        now = self.get_current_user_count()  # type: ignore[no-untyped-call] # locust's
        run_s = self.get_run_time()  # type: ignore[no-untyped-call] # locust's
        return at(parse(options.steps), run_s, step_s=options.step_seconds, now=now)


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator] # locust's
def _options(parser: LocustArgumentParser) -> None:
    parser.add_argument("--steps", default=DEFAULT, metavar="USERS:SECONDS,...")
    parser.add_argument("--step-seconds", type=float, default=10.0, help="over which users come or leave")
