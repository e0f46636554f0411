"""Keeps audiences and their lists, and selects their members."""
