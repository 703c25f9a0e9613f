"""`make bench`: the parts alone, then bookings, connections and chat over the whole path, beside their peers.

python -m loadtests.bench [--quick]
"""

import argparse
import subprocess
import sys
from typing import Final

BENCHES: Final = (  # title, module, what --quick adds
    ("The kernel alone", "parts.bench_kernel", ("--seconds", "1", "--runs", "1")),
    ("Calls to partners", "parts.bench_activities", ("--seconds", "1", "--runs", "1")),
    ("Push and mail", "parts.notifications.bench_notifications", ("--quick",)),
    ("Reading notifications", "parts.notifications.bench_notifier", ("--rounds", "50")),
    ("Chat beside notifications", "parts.notifications.bench_chat", ("--quick",)),
    ("Presence alone", "parts.bench_presence", ("--users", "1000", "--runs", "1")),
    ("One calendar", "parts.bench_calendar", ("--rounds", "20")),
    ("Money", "parts.payments.bench_bill", ("--rounds", "50")),
    ("The books", "parts.payments.bench_books", ("--postings", "2000", "--transactions", "300")),
    ("Search alone", "parts.search.bench_search", ("--messages", "2000")),
    ("Documents that are written together", "parts.bench_documents", ("--documents", "100")),
    ("Saving in worksheets", "parts.bench_saving", ("--worksheets", "20", "--updates", "10", "--seconds", "1")),
    ("The symptom model", "parts.bench_prediction", ("--seconds", "1", "--rounds", "1")),
    ("Forwarded media", "parts.bench_media", ("--quick",)),
    ("The REST door", "parts.bench_doors", ("--requests", "50", "--rounds", "1")),
    ("Bookings", "whole.bench_bookings", ("--seconds", "2", "--watchers", "100")),
    ("Payments", "whole.paying.bench_payments", ("--seconds", "1")),
    ("Worksheets", "whole.bench_writing", ("--worksheets", "10", "--rate", "50", "--seconds", "2")),
    ("Telling people", "whole.bench_telling", ("--people", "20", "--seconds", "2")),
    ("Connections", "whole.bench_connections", ("--connections", "200")),
    ("The whole path", "whole.bench_path", ("--quick",)),
)


def main() -> int:
    """Run them all, whatever becomes of one. The exit code: 0 when all went well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="does it work? The figures mean nothing")
    quick = parser.parse_args().quick
    code = 0
    for title, module, less in BENCHES:
        command = ["-m", f"loadtests.{module}", *(less if quick else ())]
        print(f"== {title} ({' '.join(command[1:])})", flush=True)
        code = max(code, subprocess.run([sys.executable, *command], check=False).returncode)
    return code


if __name__ == "__main__":
    sys.exit(main())
