"""Classification of messages by intent and by harm: rules first, then a compact model."""
