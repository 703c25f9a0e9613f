"""Judges the screen of messages on cases in our own words: `python -m tests.unit.ml.messages_judging [--half blind]`.

`cases/messages.csv` was written before most of the rules; rows are taken in turn into the development half and
the blind half. Rules alone, and rules with the model beside them.
"""

import argparse
import csv
from collections import Counter
from pathlib import Path

from config.ml import MlSettings
from ml.messages.answer import MessageReader
from ml.messages.classifier import FOLDER, MessageModel
from ml.messages.corpus import NONE
from ml.safety.crisis import SEVERITIES

CASES = Path(__file__).parent / "cases" / "messages.csv"
HALVES = ("development", "blind")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=HALVES, default="development")
    half = HALVES.index(parser.parse_args().half)
    readers = {
        "rules": MessageReader(None),
        "with model": MessageReader(MessageModel.load(MlSettings().artifacts / FOLDER)),
    }
    with CASES.open(encoding="utf-8", newline="") as file:
        rows = [row for number, row in enumerate(csv.DictReader(file)) if number % 2 == half]
    for name, reader in readers.items():
        total: Counter[str] = Counter()
        right: Counter[str] = Counter()
        for row in rows:
            said = SEVERITIES.index(reader.classify(row["text"], "safety")["severity"])
            danger = row["kind"] != NONE
            group = f"danger, {row['severity']}, {row['lang']}" if danger else f"harmless, {row['group']}"
            total[group] += 1
            right[group] += (said > 0) is danger
            if danger and row["severity"] == "emergency":
                total["emergency called emergency"] += 1
                right["emergency called emergency"] += said == len(SEVERITIES) - 1
        print(name)
        for group in sorted(total):
            print(f"  {group:30} {right[group]:4} of {total[group]}")


if __name__ == "__main__":
    main()
