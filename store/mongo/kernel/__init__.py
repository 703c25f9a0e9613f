"""What the kernel of the actors stores: turns, timers, activities, read models, leases and partition maps."""
