"""Stores audiences, their lists, and their runs."""
