"""Defines messages and the attempts to send them, and why one is excluded."""
