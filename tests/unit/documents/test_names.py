"""What the documents name exists: commands and their options, settings, paths, modules, links, sections."""

import importlib.util
import re
from pathlib import Path
from typing import Final

import pytest

from common.policy import RULES
from config.loading import variables
from serve_app.cli.main import main
from tests.unit.documents.reading import (
    DEPLOYMENT,
    DOCUMENTS,
    PACKAGES,
    ROOT,
    SOURCES,
    Tree,
    anchors,
    code_lines,
    name_of,
    spans,
)

TREE: Final = Tree()
ACTIONS: Final = {rule.action for rule in RULES}  # some look like modules: `ml.use`
VARIABLES: Final = set(variables())
OURS: Final = pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
MISTYPED: Final = "CAREWIRE_HTP__PORT"  # an example of what is refused
MADE_BY_READERS: Final = ("hello.mjs",)  # the README says to save it
_PATH: Final = re.compile(r"[\w.<>*-]+(?:/[\w.<>*-]+)*/?")
_FILE: Final = re.compile(r"\.(py|md|toml|yaml|yml|json|txt|mjs)$")


def help_of(*command: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0, f"there is no `carewire {' '.join(command)}`"
    return capsys.readouterr().out


@OURS
def test_every_command_and_option_of_carewire_is_there(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for line in code_lines(document.read_text()):
        for command, rest in re.findall(r"(?:^|bin/|\$\()carewire ([a-z][a-z-]*)([^)#]*)", line):
            words = rest.split()
            whole = [command, words[0]] if command == "token" and words and words[0] == "whois" else [command]
            shown = help_of(*whole, capsys=capsys)
            for option in re.findall(r"--[a-z][a-z-]*", rest):
                assert re.search(rf"{option}\b", shown), f"`carewire {' '.join(whole)}` has no {option}: {line}"


@OURS
def test_every_target_of_make_is_there(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in code_lines(document.read_text()):
        for target in re.findall(r"(?:^|&& )make ([a-z-]+)", line):
            assert target in targets, line


@OURS
def test_every_program_that_is_run_is_there(document: Path) -> None:
    for line in code_lines(document.read_text()):
        for module in re.findall(r"python -m ([\w.]+)", line):
            if module.split(".")[0] in (*PACKAGES, "tests"):
                assert importlib.util.find_spec(module), line
        for path in re.findall(r"(?:bin/pytest|python -m pytest) ([\w./]+)", line):
            assert (ROOT / path).exists(), line


@pytest.mark.parametrize("document", [*DOCUMENTS, *DEPLOYMENT, *SOURCES], ids=name_of)
def test_every_setting_is_there(document: Path) -> None:
    text = document.read_text()
    named = set(re.findall(r"\bCAREWIRE_[A-Z_0-9]*[A-Z0-9]", text)) - {MISTYPED}
    assert named <= VARIABLES, named - VARIABLES
    for tail in re.findall(r"`\.\.\.(_[A-Z_]+)`", text):
        assert any(name.endswith("_" + tail) for name in VARIABLES), tail


@OURS
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        there = document.parent / path if path else document
        assert there.exists(), target
        assert not anchor or anchor in anchors(there.read_text()), target


@OURS
def test_every_path_is_there(document: Path) -> None:
    for paragraph in re.split(r"\n\s*\n|\n(?=[|-] )", document.read_text()):
        folder = ""
        for position, named in _named_paths(paragraph, document):
            if "/" not in named and "beside it" in paragraph[position : position + 60]:
                assert TREE.has(named, below=folder), f"{named} is not in {folder}: {paragraph}"
            assert TREE.has(named), f"{named}: {paragraph}"
            folder = named.rpartition("/")[0] or folder


def _named_paths(paragraph: str, document: Path) -> list[tuple[int, str]]:
    found = []
    for span in re.finditer(r"`([^`\n]+)`", paragraph):
        named = span[1]
        if not _PATH.fullmatch(named) or named.startswith(".") or named in MADE_BY_READERS:
            continue
        ours = "/" in named.rstrip("/") and named.split("/")[0] in TREE.tops
        if ours or (_FILE.search(named) and not (document.parent / named).exists()):
            found.append((span.end(), named))
    return found


@OURS
def test_every_module_is_there(document: Path) -> None:
    for named in spans(document.read_text()):
        if named not in ACTIONS and re.fullmatch(rf"(?:{'|'.join(PACKAGES)})(?:\.\w+)+(?::\w+)?", named):
            assert _resolves(named.replace(":", ".")), named


def _resolves(dotted: str) -> bool:
    """Is it a module, or a name that stands in one?"""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:length])
        source = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
        if source.exists():
            return all(re.search(rf"\b{rest}\b", source.read_text()) for rest in parts[length:])
    return False


@pytest.mark.parametrize("document", [*DOCUMENTS, *DEPLOYMENT, *SOURCES], ids=name_of)
def test_every_section_that_is_cited_is_there(document: Path) -> None:
    for cited, section in re.findall(r"(README|ARCHITECTURE)(?:\.md)?, \"([^\"]+)\"", document.read_text()):
        headings = re.findall(r"^#+ (.+)$", (ROOT / f"{cited}.md").read_text(), re.MULTILINE)
        assert section in headings, f"{cited}.md has no section {section!r}"
