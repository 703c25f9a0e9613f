"""Options that several commands share."""

import argparse
from typing import Any

from config.settings import Settings


def add_data_dir(parser: argparse.ArgumentParser) -> None:
    """`--data-dir`, the way to tell one Carewire on a machine from another."""
    parser.add_argument("--data-dir", metavar="DIR", help="instead of CAREWIRE_DATA_DIR")


def settings_of(options: argparse.Namespace, **sections: dict[str, Any]) -> Settings:
    """The settings in force, with what the command line says on top. A None in `sections` was not given.

    Raises:
        StartupError: a setting is wrong.
    """
    from config.loading import load_settings

    overrides: dict[str, Any] = {"data_dir": getattr(options, "data_dir", None)}
    for name, values in sections.items():
        overrides[name] = {key: value for key, value in values.items() if value is not None} or None
    return load_settings({name: value for name, value in overrides.items() if value is not None})
