"""Connections between processes of Carewire, over TCP: frames, one mutual proof, and TLS."""
