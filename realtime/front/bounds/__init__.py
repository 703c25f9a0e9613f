"""Everything that bounds what clients may ask of a gateway: connections, events, strangers, unanswered work."""
