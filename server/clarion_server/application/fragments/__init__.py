"""Keeps fragments: pieces of content that campaigns share."""
