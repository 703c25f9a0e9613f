"""Video meetings: who may be in one, who was, what was agreed to; media itself is nothing to them."""
