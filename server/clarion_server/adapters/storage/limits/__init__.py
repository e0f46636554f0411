"""Stores what keeps messages back: suppressions, allow lists, sending policies, caps and rates."""
