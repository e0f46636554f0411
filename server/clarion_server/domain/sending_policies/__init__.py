"""Defines sending policies: quiet hours, frequency caps and the rate of sending."""
