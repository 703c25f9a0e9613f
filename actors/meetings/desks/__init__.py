"""Who may ask a meeting for what: those who run it, those who are in it, and Carewire itself."""
