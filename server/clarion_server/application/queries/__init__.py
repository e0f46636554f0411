"""Says what was accepted and what became of it: look-ups, reports, events."""
