"""What takes minutes, and runs by `make drill NAME` alone: seeded, of a size, ended after a time."""
