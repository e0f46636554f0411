"""Whom messages must not go to."""
