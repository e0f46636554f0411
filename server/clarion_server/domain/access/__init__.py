"""Defines API keys, what they may do, and the rules for them."""
