"""What passes, kept as it came: packets put in order, made whole frames again, and laid into WebM."""
