"""Commands that look after what is stored: `audit`, `files`, `react`, `rebuild-projections`."""
