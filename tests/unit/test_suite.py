"""The end of `make test` says what did not run, what failed, and what failed only once."""

from pathlib import Path

from tests.suite import Outcome, outcome_of

REPORT = """<testsuites><testsuite errors="0" failures="1" skipped="2" tests="5">
<testcase classname="a" name="test_runs"/>
<testcase classname="a" name="test_needs_an_index"><skipped message="no index is reached"/></testcase>
<testcase classname="b" name="test_needs_it_too"><skipped message="no index is reached"/></testcase>
<testcase classname="b" name="test_runs"/>
<testcase classname="b" name="test_waits"><failure message="no answer
within 30 s"/></testcase>
</testsuite></testsuites>"""


def test_what_is_skipped_and_what_failed_is_told_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "0.xml").write_text(REPORT)
    outcome = outcome_of(tmp_path / "0.xml")
    assert list(outcome.lines()) == [
        "not run: no index is reached\n  a.test_needs_an_index\n  b.test_needs_it_too",
        "failed: b.test_waits\n  no answer within 30 s",
        "2 passed, 1 failed, 2 skipped",
    ]


def test_a_phase_that_never_began_has_failed_and_is_told(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path / "1.xml")
    assert outcome == Outcome(failed={"phase 1": "pytest ended before it wrote its report"})


def test_what_passes_when_it_runs_alone_is_unsteady_and_what_fails_twice_has_failed() -> None:
    outcome = Outcome(passed=2, failed={"a": "no answer", "b": "no room"})
    outcome.repeated(Outcome(passed=1, failed={"b": "no room"}))
    assert (outcome.passed, outcome.failed, outcome.unsteady) == (3, {"b": "no room"}, {"a": "no answer"})


def test_a_repetition_that_does_not_begin_fails(tmp_path: Path) -> None:
    outcome = Outcome(passed=2, failed={"a": "no answer"})
    outcome.repeated(outcome_of(tmp_path / "1.xml"))
    assert "phase 1" in outcome.failed
