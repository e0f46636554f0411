"""Defines languages and locales: their tags, their rules, and which content a recipient gets."""
