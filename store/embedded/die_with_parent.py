"""Run a program that is killed when its parent dies: `python die_with_parent.py <parent's pid> <program> [args ...]`.

The kernel's parent-death signal (Linux) survives `exec`, so this becomes the program. It is a script of its own because
code between `fork` and `exec` in a process with threads may deadlock. The signal comes when the *thread* that started
this ends: start it from one that lives as long as the program should.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for the signal, make sure that the parent had not died before, become the program."""
    parent, program = int(sys.argv[1]), sys.argv[2]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)
    os.execv(program, sys.argv[2:])


if __name__ == "__main__":
    main()
