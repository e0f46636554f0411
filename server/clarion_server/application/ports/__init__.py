"""Says what the use cases need from the world, as Protocols. Adapters implement them; `bootstrap` connects the two."""
