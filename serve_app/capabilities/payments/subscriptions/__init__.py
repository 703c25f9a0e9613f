"""Plans and subscriptions: what they are asked, what they answer."""
