"""Adds up what became of the messages of a campaign."""
