"""What the rest of Carewire asks of storage: protocols and pure types."""
