"""What health makes of the processes that were asked."""

from collections.abc import Mapping

import pytest

from serve_app.census import Sighting, finding_of, finding_of_models


def predictor(stats: Mapping[str, object] | None) -> Sighting:
    return Sighting("predictor-0", "predictor", stats)


TRAINED = predictor({"model": "abc", "rules_only": False})
BARE = predictor({"model": "rules-only", "rules_only": True})
SILENT = predictor(None)


@pytest.mark.parametrize(
    ("sightings", "status"),
    [
        ([TRAINED], "ok"),
        ([TRAINED, TRAINED], "ok"),
        ([BARE], "degraded"),
        ([TRAINED, BARE], "degraded"),
        ([TRAINED, SILENT], "degraded"),
        ([SILENT], "down"),
        ([], "down"),
    ],
)
def test_a_predictor_without_a_model_is_degraded_and_one_that_is_silent_down(
    sightings: list[Sighting], status: str
) -> None:
    assert finding_of_models(sightings).status == status


def test_health_names_the_models_in_service() -> None:
    details = finding_of_models([TRAINED, BARE]).details
    assert details == {"running": 2, "of": 2, "models": ["abc", "rules-only"], "rules_only": True}


def test_a_process_that_does_not_serve_yet_is_not_well() -> None:
    assert finding_of([Sighting("rooms-0", "shard", {"serving": False})]).status == "down"
