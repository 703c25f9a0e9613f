"""What every REST endpoint shares: idempotency, pages, limits, headers, permits, and how errors are documented."""
