"""What a turn tells, and to whom: subscribers, their deliveries, and the newest of them kept for who comes back."""
