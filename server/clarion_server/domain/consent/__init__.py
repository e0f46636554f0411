"""Defines topics, what people chose about them, and the links by which they choose."""
