"""`make load` against the running program."""

import subprocess
import sys

from tests.system.harness import System


def test_locust_users_chat_and_watch_and_every_ack_is_good(system: System) -> None:
    command = [sys.executable, "-m", "loadtests.load", "--users", "12", "--seconds", "5"]
    command += ["--kinds", "ChatUser", "PresenceUser", "MixedUser"]
    done = subprocess.run(command, env=system.env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = {" ".join(line.split()[:2]): int(line.split()[2]) for line in done.stdout.splitlines()[2:-1]}
    assert counts["WS connect"] == 12
    assert counts["ACK join_room"] == 4 + 2 * 4
    assert counts["ACK watch_presence"] >= 8
    assert counts["HEAR presence_changed"] > 0
    assert counts["HEAR message"] > counts["ACK message"] > 0
    assert done.stdout.strip().endswith("every ack was good and in time")
