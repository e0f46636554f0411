"""Reads the HTML that a template writes: its tags, texts and links."""
