"""The end of `make test` says what did not run, and why."""

from pathlib import Path

from tests.suite import _count as count

REPORT = """<testsuites><testsuite errors="0" failures="0" skipped="2" tests="4">
<testcase classname="a" name="test_runs"/>
<testcase classname="a" name="test_needs_an_index"><skipped message="no index is reached"/></testcase>
<testcase classname="b" name="test_needs_it_too"><skipped message="no index is reached"/></testcase>
<testcase classname="b" name="test_runs"/>
</testsuite></testsuites>"""


def test_what_is_skipped_is_told_with_its_reason(tmp_path: Path) -> None:
    totals, idle = {"passed": 0, "failures": 0, "errors": 0, "skipped": 0}, dict[str, list[str]]()
    (tmp_path / "0.xml").write_text(REPORT)
    count(tmp_path / "0.xml", totals, idle, {})
    assert totals == {"passed": 2, "failures": 0, "errors": 0, "skipped": 2}
    assert idle == {"no index is reached": ["a.test_needs_an_index", "b.test_needs_it_too"]}


def test_a_phase_that_never_began_is_an_error_and_told(tmp_path: Path) -> None:
    totals, idle = {"passed": 0, "failures": 0, "errors": 0, "skipped": 0}, dict[str, list[str]]()
    count(tmp_path / "1.xml", totals, idle, {})
    assert totals["errors"] == 1
    assert list(idle.values()) == [["phase 1"]]
