"""The audit record: who did what to whose data, when, from where and why."""
