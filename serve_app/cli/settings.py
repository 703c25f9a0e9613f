"""`carewire settings`: the settings in force, and where each of them comes from."""

import argparse
import sys

HELP = "Print the settings in force, secrets masked, and where each comes from."


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    from serve_app.cli.lib.options import add_data_dir

    parser.add_argument("--describe", action="store_true", help="say what each setting means")
    add_data_dir(parser)


def run(options: argparse.Namespace) -> int:
    """Print one `NAME=value` a line."""
    from config.loading import effective, variables
    from serve_app.cli.lib.options import settings_of

    descriptions = variables()
    rows = list(effective(settings_of(options)))
    width = max(len(f"{name}={value}") for name, value, _ in rows)
    for name, value, source in rows:
        if options.describe:
            sys.stdout.write(f"\n# {descriptions[name]}\n")
        sys.stdout.write(f"{name + '=' + value:<{width}}  # {source}\n")
    return 0
