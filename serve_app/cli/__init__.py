"""The commands. Each module has `HELP`, `configure(parser)` and `run(options) -> exit code`; heavy imports in `run`."""
