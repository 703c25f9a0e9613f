"""Leaves that everything else may import: errors, ids, clock, policy, tokens, logs."""
