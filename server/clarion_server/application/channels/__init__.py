"""Keeps channel configurations, which say how messages leave."""
