"""`notifier:<id>`: what one person is told outside of the sockets; or whoever an invitation was sent to."""
