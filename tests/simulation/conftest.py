"""Every simulated run is held to the table of an entity's life."""

from tests.simulation.watch import life_table

__all__ = ["life_table"]
