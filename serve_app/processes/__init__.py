"""Every process of Carewire: names, registry, health and metrics."""
