"""Making an index of everything: what there is, how far it has come, and which one serves."""
