"""`make bench`: the kernel, presence and the symptom model alone, then the whole path beside its peers.

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
    path = ["loadtests.bench_path", *(("--quick",) if quick else ())]
    model = ["loadtests.bench_prediction", *(("--seconds", "1", "--rounds", "1") if quick else ())]
    code = 0
    for title, command in (
        ("The kernel alone", kernel),
        ("Presence alone", presence),
        ("The symptom model", model),
        ("The whole path", path),
    ):
        print(f"== {title} ({' '.join(command)})", flush=True)
        code = max(code, subprocess.run([sys.executable, "-m", *command], check=False).returncode)
    return code


if __name__ == "__main__":
    sys.exit(main())
