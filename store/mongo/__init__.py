"""MongoDB: the ports of `store.ports` over motor, one file a collection."""
