"""`intent:<provider>:<ref>`: whose a provider's object is. What a provider tells of it is passed on to them."""
