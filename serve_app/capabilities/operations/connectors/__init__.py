"""What carries out activities of the ground itself."""
