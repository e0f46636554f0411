"""Writes typed functions that trigger a campaign, from its context schema."""
