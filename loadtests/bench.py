"""`make bench`: the kernel, presence and a calendar alone, then bookings, connections and chat over the whole path.

python -m loadtests.bench [--quick]
"""

import argparse
import subprocess
import sys


def main() -> int:
    """Run them all, whatever becomes of one. The exit code: 0 when all went well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="does it work? The figures mean nothing")
    quick = parser.parse_args().quick
    kernel = ["loadtests.bench_kernel", *(("--seconds", "1", "--runs", "1") if quick else ())]
    presence = ["loadtests.bench_presence", *(("--users", "1000", "--runs", "1") if quick else ())]
    connections = ["loadtests.bench_connections", "--connections", "200" if quick else "5000"]
    path = ["loadtests.bench_path", *(("--quick",) if quick else ())]
    calendar = ["loadtests.bench_calendar", *(("--rounds", "20") if quick else ())]
    bookings = ["loadtests.bench_bookings", *(("--seconds", "2", "--watchers", "100") if quick else ())]
    code = 0
    benches = (
        ("The kernel alone", kernel),
        ("Presence alone", presence),
        ("One calendar", calendar),
        ("Bookings", bookings),
        ("Connections", connections),
        ("The whole path", path),
    )
    for title, command in benches:
        print(f"== {title} ({' '.join(command)})", flush=True)
        code = max(code, subprocess.run([sys.executable, "-m", *command], check=False).returncode)
    return code


if __name__ == "__main__":
    sys.exit(main())
