"""The house in figures: files a folder, import circles, `Any` among the actors, positional calls, names of two things.

python -m tests.house [--root OF_ANOTHER_REVISION]
"""

import argparse
import ast
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

HERE: Final = Path(__file__).parents[1]
PACKAGES: Final = ("actors", "common", "config", "loadtests", "ml", "realtime", "serve_app", "store")
FILES_A_FOLDER: Final = 15
LINES_A_FILE: Final = 300
MANY: Final = 5  # from here on, arguments are named: two that are swapped are invisible
_RECORDS: Final = ("Struct", "Command", "Event", "Query", "Request", "NamedTuple")


class Call(NamedTuple):
    """A call of something of ours with many arguments that have no name."""

    where: str
    what: str
    arguments: int


class House:
    """The sources of one revision, parsed once."""

    def __init__(self, root: Path = HERE) -> None:
        self.trees: Final[Mapping[str, ast.Module]] = {
            path.relative_to(root).as_posix(): ast.parse(path.read_text())
            for package in PACKAGES
            for path in sorted((root / package).rglob("*.py"))
        }
        self._tests: Final = [path.relative_to(root).as_posix() for path in sorted((root / "tests").rglob("*.py"))]
        self._root: Final = root

    def folders(self) -> dict[str, int]:
        """How many modules lie side by side in each folder, those of tests too."""
        return dict(Counter(path.rpartition("/")[0] for path in chain(self.trees, self._tests)))

    def lines(self) -> dict[str, int]:
        """How long each file is."""
        return {path: (self._root / path).read_text().count("\n") for path in chain(self.trees, self._tests)}

    def circles(self) -> list[list[str]]:
        """Modules that import each other, also for types alone. Empty parts of a package do not count as its import."""
        return [sorted(part) for part in _strongly_connected(self._imports) if len(part) > 1]

    def anys(self, below: str = "actors/") -> int:
        """How often `Any` is written, imports left out."""
        trees = (tree for path, tree in self.trees.items() if path.startswith(below))
        return sum(isinstance(node, ast.Name) and node.id == "Any" for tree in trees for node in ast.walk(tree))

    def positional_calls(self) -> list[Call]:
        """Calls of our classes and functions with `MANY` arguments or more that have no name."""
        return [
            Call(f"{path}:{node.lineno}", name, len(node.args))
            for path, tree in self.trees.items()
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and len(node.args) >= MANY and (name := _called(node)) in self._ours
        ]

    def positional_records(self) -> list[str]:
        """Structs of `MANY` members or more that can be made without naming them."""
        return [
            f"{path}:{node.lineno} {node.name}"
            for path, tree in self.trees.items()
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef) and _is_struct(node) and not _kw_only(node) and _members(node) >= MANY
        ]

    def shared_names(self) -> dict[str, list[str]]:
        """Public classes that have the name of another one, with the modules of each."""
        homes: dict[str, list[str]] = defaultdict(list)
        for path, tree in self.trees.items():
            for node in tree.body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    homes[node.name].append(path)
        return {name: paths for name, paths in homes.items() if len(paths) > 1}

    @cached_property
    def _ours(self) -> frozenset[str]:
        kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        return frozenset(n.name for tree in self.trees.values() for n in ast.walk(tree) if isinstance(n, kinds))

    @cached_property
    def _imports(self) -> dict[str, set[str]]:
        modules = {_module(path): tree for path, tree in self.trees.items()}
        return {name: set(_imported(tree, modules)) for name, tree in modules.items()}


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _imported(tree: ast.Module, modules: Mapping[str, ast.Module]) -> Iterator[str]:
    """What the module imports when it is loaded, or for its types: not what a function imports when it is called."""
    statements = list(tree.body)
    for node in statements:
        if isinstance(node, ast.If):
            statements += node.body
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield from (name for name in (inner if inner in modules else node.module,) if name in modules)


def _strongly_connected(graph: Mapping[str, set[str]]) -> Iterator[set[str]]:
    """R. Tarjan, "Depth-first search and linear graph algorithms", 1972."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []

    def visit(node: str) -> Iterator[set[str]]:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph[node]:
            if other not in index:
                yield from visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            part = set(stack[stack.index(node) :])
            del stack[stack.index(node) :]
            yield part

    for node in graph:
        if node not in index:
            yield from visit(node)


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _is_struct(node: ast.ClassDef) -> bool:
    bases = [ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in node.bases]
    return any(base in _RECORDS for base in bases) or any(keyword.arg == "tag" for keyword in node.keywords)


def _kw_only(node: ast.ClassDef) -> bool:
    return any(keyword.arg == "kw_only" for keyword in node.keywords)


def _members(node: ast.ClassDef) -> int:
    return sum(isinstance(member, ast.AnnAssign) and "ClassVar" not in ast.unparse(member) for member in node.body)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=HERE)
    parser.add_argument("--names", action="store_true", help="say where each stands")
    options = parser.parse_args()
    house = House(options.root)
    full = {folder: files for folder, files in house.folders().items() if files > FILES_A_FOLDER}
    long = {path: lines for path, lines in house.lines().items() if lines > LINES_A_FILE}
    calls = [" ".join(map(str, call)) for call in house.positional_calls()]
    names = [f"{name}: {', '.join(homes)}" for name, homes in house.shared_names().items()]
    shown: dict[str, list[str]] = {
        f"folders of more than {FILES_A_FOLDER} files": [f"{folder} {files}" for folder, files in full.items()],
        f"files of more than {LINES_A_FILE} lines": [f"{path} {lines}" for path, lines in long.items()],
        "import circles": [" ".join(circle) for circle in house.circles()],
        f"calls with {MANY} positional arguments and more": calls,
        f"structs of {MANY} members and more that are not kw_only": house.positional_records(),
        "public names of several classes": names,
    }
    print(f"{house.anys():6} times `Any` in actors/")
    for title, lines in shown.items():
        print(f"{len(lines):6} {title}")
        for line in lines if options.names else ():
            print(f"         {line}")


if __name__ == "__main__":
    main()
