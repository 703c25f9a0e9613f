"""Buckets of histograms of seconds, the same for shards and regions, so that their panels compare."""

from typing import Final

SECONDS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
