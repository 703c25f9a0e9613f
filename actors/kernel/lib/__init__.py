"""Tools of the kernel: pacing, batched writes, running means."""
