"""A deterministic world for the kernel: virtual time, seeded faults, and crashes at any await."""

from common.logs import configure_logging

configure_logging("CRITICAL", "console")
