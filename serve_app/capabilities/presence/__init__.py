"""Who is here: what is kept of people between their visits. The events of presence are the front's."""
