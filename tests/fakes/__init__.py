"""Partners that listen on this machine: they speak their service's protocol, keep a ledger, and misbehave on demand."""
