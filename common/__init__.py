"""Leaves that everything else may import: errors, ids, clock, policy, logs; `auth/`, `lib/` and `net/` beside them."""
