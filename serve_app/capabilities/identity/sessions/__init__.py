"""Login sessions: refresh tokens, revocation, and the gate that looks at both."""
