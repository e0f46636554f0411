"""Says whom messages must not go to."""
