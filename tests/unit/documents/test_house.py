"""The house stays walkable: few files a folder, and no module that needs itself."""

from pathlib import Path
from typing import Final

from tests.house import FILES_A_FOLDER, House

HOUSE: Final = House()
ONE_THING: Final = {
    "Activity",  # what is owed, and what operators see of it
    "AuditEntry",
    "Message",
    "MessagePage",
    "Room",
    "Refused",  # what cannot be booked, and a call that never will be carried out
}
"""Names of several classes that show one thing at several doors, or were stored or documented before."""


def test_no_folder_is_a_heap() -> None:
    full = {folder: files for folder, files in HOUSE.folders().items() if files > FILES_A_FOLDER}
    assert not full, "part them into rooms, each of one purpose"


def test_no_modules_import_each_other() -> None:
    assert HOUSE.circles() == []


def test_a_name_means_one_thing() -> None:
    shared = HOUSE.shared_names()
    assert {name: homes for name, homes in shared.items() if name not in ONE_THING} == {}, "name them for what they are"


def test_a_circle_and_a_heap_would_be_found(tmp_path: Path) -> None:
    folder = tmp_path / "actors"
    folder.mkdir()
    (folder / "one.py").write_text("from actors.two import B\n\n\nclass A: ...\n")
    (folder / "two.py").write_text("if TYPE_CHECKING:\n    from actors.one import A\n\n\nclass B: ...\n")
    for number in range(FILES_A_FOLDER - 1):
        (folder / f"leaf_{number}.py").write_text("from actors.one import A\n")
    found = House(tmp_path)
    assert found.circles() == [["actors.one", "actors.two"]]
    assert found.folders() == {"actors": FILES_A_FOLDER + 1}


def test_what_has_no_name_is_counted(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "one.py").write_text(
        "class Row(Struct):\n    a: int\n    b: int\n    c: int\n    d: int\n    e: Any\n\nRow(1, 2, 3, 4, 5)\n"
    )
    (tmp_path / "store" / "two.py").write_text("class Row(Struct, kw_only=True):\n    a: Any\n\nRow(a=1)\n")
    found = House(tmp_path)
    assert [(call.what, call.arguments) for call in found.positional_calls()] == [("Row", 5)]
    assert found.positional_records() == ["store/one.py:1 Row"]
    assert found.shared_names() == {"Row": ["store/one.py", "store/two.py"]}
    assert (found.anys("store/"), found.anys()) == (2, 0)
