"""What browsers are handed: the reference worker of push, the page `/console/notifications`, and where links lead."""
