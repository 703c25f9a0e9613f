"""What was recorded of meetings: its tracks, how whole they are, how long they are kept."""
