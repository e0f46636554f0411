"""At which hours messages may leave."""
