"""How processes of Carewire talk to each other over TCP: frames, one mutual proof, and TLS."""
