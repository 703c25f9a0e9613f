"""The journal as the kernel reads and writes it: codec, library, replay, rebuilding of read models."""
