"""Bills and payments: what they are asked, what they answer."""
