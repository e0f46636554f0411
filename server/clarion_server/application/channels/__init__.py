"""How messages leave: channel configurations."""
