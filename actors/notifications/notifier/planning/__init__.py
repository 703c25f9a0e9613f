"""Where a notification is told, when, and why not: preferences, wall clocks, and the plan. Pure, and without state."""
