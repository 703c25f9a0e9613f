"""What others do: servers to be measured beside."""
