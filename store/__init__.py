"""MongoDB: the journal and what stands beside it. `journal.py` holds the protocols and pure types."""
