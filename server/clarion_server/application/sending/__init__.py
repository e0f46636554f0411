"""Brings durable messages to their outcomes: claims, attempts, records."""
