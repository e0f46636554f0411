"""Defines channel configurations: the provider, how it retries, and its rules."""
