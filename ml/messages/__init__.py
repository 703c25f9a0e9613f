"""What a message wants and whether it speaks of harm: rules first, then a compact model that may raise and never lower."""
