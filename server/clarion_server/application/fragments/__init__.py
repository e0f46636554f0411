"""Fragments: pieces of content that campaigns share."""
