"""Erases people: what callers see at once, and what is left of them in the background."""
