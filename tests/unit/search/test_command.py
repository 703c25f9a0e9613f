"""`carewire search`: what it asks of the API, what it prints, and how it ends."""

import argparse
from typing import Any, Final

import pytest

from serve_app.cli import search
from serve_app.cli.lib.calling import NotRunning

STATUS: Final[dict[str, Any]] = {
    "engine": "tantivy",
    "index": "tantivy-3",
    "generation": 3,
    "key_id": "k1",
    "documents": 91,
    "lag_ms": 4,
    "drift": {"missing": 1, "stale": 0, "extra": 2, "checked_at": "2026-11-20T09:30:00.000Z"},
    "reindex": {"state": "reindex", "done": 42, "total": 91},
}


class Api:
    """What would be answered, and what was asked."""

    def __init__(self, *answers: Any) -> None:
        self._answers, self.asked = list(answers), list[tuple[str, str, object]]()

    def call(self, options: argparse.Namespace, method: str, path: str, body: object = None) -> Any:
        self.asked.append((method, path, body))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def ran(monkeypatch: pytest.MonkeyPatch, api: Api, *words: str) -> int:
    monkeypatch.setattr(search, "call", api.call)
    monkeypatch.setattr("time.sleep", lambda _: None)
    parser = argparse.ArgumentParser()
    search.configure(parser)
    return search.run(parser.parse_args(words))


def job(state: str, **result: int) -> dict[str, Any]:
    return {"job": {"job_id": "job_1", "kind": "search_check", "state": state, "result": result}}


def test_without_more_it_tells_how_the_index_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    api = Api(STATUS)
    assert ran(monkeypatch, api) == 0
    assert api.asked == [("GET", "/api/operations/search", None)]
    assert capsys.readouterr().out.splitlines() == [
        "tantivy tantivy-3: 91 documents, generation 3, key k1, 4 ms behind",
        "compared at 2026-11-20T09:30:00.000Z: 1 missing, 0 stale, 2 extra",
        "reindex: 42 of 91 done",
    ]


@pytest.mark.parametrize("deed", ["reindex", "rotate-key"])
def test_long_work_is_begun_and_waited_for(monkeypatch: pytest.MonkeyPatch, deed: str) -> None:
    api = Api(job("running"), job("paused"), job("done", documents=91))
    assert ran(monkeypatch, api, deed) == 0
    assert api.asked[0] == ("POST", f"/api/operations/search/{deed}", {})
    assert api.asked[1:] == [("GET", "/api/operations/jobs/job_1", None)] * 2


@pytest.mark.parametrize(
    ("words", "became", "code"),
    [
        ((), job("done", missing=0, stale=0, extra=0), 0),
        ((), job("done", missing=1, stale=0, extra=0), 1),
        (("--repair",), job("done", missing=1, stale=0, extra=0), 0),
        (("--repair",), job("failed"), 1),
    ],
)
def test_a_check_ends_well_where_nothing_differs_or_what_did_was_put_right(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    became: dict[str, Any],
    code: int,
) -> None:
    api = Api(became)
    assert ran(monkeypatch, api, "check", *words) == code
    assert api.asked == [("POST", "/api/operations/search/check", {"repair": bool(words)})]
    assert capsys.readouterr().out.startswith(f"search_check {became['job']['state']}")


def test_where_nobody_answers_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(monkeypatch, Api(NotRunning("nothing is running here.")), "check") == 1
    assert capsys.readouterr().err == "carewire: nothing is running here.\n"


def test_what_it_cannot_do_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit):
        ran(monkeypatch, Api(), "drop")
