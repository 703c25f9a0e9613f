"""Connections between processes of Carewire, over TCP: frames, one mutual proof, TLS, and the range of ports."""
