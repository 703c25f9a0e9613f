"""Where threads get their memory from, in a process of its own."""

import ctypes
import subprocess
import sys

import pytest

LOOKING = """
import ctypes, re, sys, threading
from common.lib.allocator import share_arenas
if sys.argv[1] == "share":
    assert share_arenas()
malloc = ctypes.CDLL(None).malloc
malloc.restype = ctypes.c_void_p
got = []
thread = threading.Thread(target=lambda: got.append(malloc(1000)))
thread.start()
thread.join()
heap = next(line for line in open("/proc/self/maps") if line.endswith("[heap]\\n")).split()[0]
first, last = (int(one, 16) for one in heap.split("-"))
print(first <= got[0] < last)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="this C library has no arenas")
@pytest.mark.parametrize(("way", "shared"), [("share", "True"), ("the twin, as it comes", "False")])
def test_a_thread_that_begins_gets_its_memory_where_the_others_have_theirs(way: str, shared: str) -> None:
    told = subprocess.run([sys.executable, "-c", LOOKING, way], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == shared
