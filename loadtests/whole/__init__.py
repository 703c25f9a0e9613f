"""Benchmarks of the whole program, with real clients and real sockets."""
