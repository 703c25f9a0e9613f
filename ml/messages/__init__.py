"""What a message wants and whether it speaks of harm: rules first, then a compact model."""
