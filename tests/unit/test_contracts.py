"""The import contracts hold files that are not yet there: a new one is inside because of where it lies."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
NAME: Final = "Rules know neither I/O nor time nor chance"
SHELLS: Final = ("actors/calendars/services",)  # they talk to many entities, over a region
PACKAGES: Final = ("common", "config", "store", "actors", "realtime", "serve_app", "ml")
RULES: Final = sorted(
    init.parent.relative_to(ROOT).as_posix()
    for folder in ("rooms", "inboxes", "calendars", "presence", "kernel/contract")
    for init in (ROOT / "actors" / folder).rglob("__init__.py")
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources, with a new file in every folder of rules and of shells."""
    root = tmp_path_factory.mktemp("copy")
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, root / package, ignore=lambda _, names: [n for n in names if n == "__pycache__"]
        )
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def broken_imports(root: Path) -> str:
    """The output of import-linter."""
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=root, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def test_a_new_file_of_rules_may_not_know_the_time(copy: Path) -> None:
    assert f"{NAME} KEPT" in broken_imports(copy)
    for folder in RULES:
        (copy / folder / "newcomer.py").write_text("import time\n")
    said = broken_imports(copy)
    assert f"{NAME} BROKEN" in said
    for folder in RULES:
        newcomer = folder.replace("/", ".") + ".newcomer -> time"
        assert (newcomer in said) is (not folder.startswith(SHELLS)), newcomer
