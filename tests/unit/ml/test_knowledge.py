"""The knowledge files: complete, consistent, and refused when they are not."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ml.knowledge.loading import DATA, Knowledge, load_knowledge
from ml.knowledge.schema import DataError


def test_every_condition_and_canonical_symptom_of_the_fact_sheet_is_there(knowledge: Knowledge) -> None:
    assert len(knowledge.conditions) == 17
    assert sum(row.kind == "canonical" for row in knowledge.symptoms) == 100
    assert sum(row.source != "J1" for row in knowledge.frequencies) == 403


def test_every_condition_has_frequencies_risks_and_core_complaints(knowledge: Knowledge) -> None:
    for row in knowledge.conditions:
        assert sum(one.condition == row.id for one in knowledge.frequencies) > 10
        assert any(one.condition == row.id for one in knowledge.risk_factors)
        assert row.core


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("frequencies.csv", "common_cold,runny_nose,80", "common_cold,runny_nose,180", "frequencies.csv, line 3"),
        ("frequencies.csv", "common_cold,runny_nose,80", "common_cold,runny_knee,80", "runny_knee"),
        ("frequencies.csv", "common_cold,runny_nose,80,B", "common_cold,runny_nose,80,D", "line 3"),
        ("frequencies.csv", '80,B,"R03, R01"', '80,B,"R03, R999"', "R999"),
        ("frequencies.csv", '80,B,"R03, R01"', "80,B,", "without a source"),
        ("conditions.toml", "share = 20", 'share = "a lot"', "condition 1"),
        ("conditions.toml", 'id = "influenza"', 'id = "common_cold"', "twice"),
        ("risk_factors.csv", "influenza,flu_season", "influenza,full_moon", "full_moon"),
    ],
)
def test_a_bad_row_is_refused_and_named(tmp_path: Path, file: str, old: str, new: str, complaint: str) -> None:
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=complaint):
        load_knowledge(folder)


def test_the_data_hash_changes_with_the_data(tmp_path: Path, knowledge: Knowledge) -> None:
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder)
    assert load_knowledge(folder).data_hash == knowledge.data_hash
    with (folder / "conditions.toml").open("a", encoding="utf-8") as file:
        file.write("# reviewed\n")
    assert load_knowledge(folder).data_hash != knowledge.data_hash


def test_implication_goes_all_the_way_up_and_down(knowledge: Knowledge) -> None:
    assert knowledge.ancestors["coloured_sputum"] == ("productive_cough", "cough")
    assert set(knowledge.descendants["cough"]) >= {"dry_cough", "productive_cough", "coloured_sputum"}


def test_nothing_but_training_and_serving_loads_torch() -> None:
    answering = ("interpreter", "opinions", "recommend", "screening", "next_question", "judgement")
    modules = ", ".join(("ml", *(f"ml.answers.{name}" for name in answering), "ml.patients.bayes", "config.ml"))
    code = f"import sys, {modules}, serve_app.capabilities.prediction.routes; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
