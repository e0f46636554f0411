"""Defines what is recorded about messages: events and counters, and the health that follows from them."""
