"""Any gateway for any request: what belongs to a session of another gateway is carried there."""
