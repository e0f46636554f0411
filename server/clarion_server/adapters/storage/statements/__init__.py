"""Runs statements on both databases: many rows at once, conditions, pages, and locks that are not rows."""
