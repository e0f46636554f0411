"""Defines suppressions and the allow list: whom messages must not go to, whatever a campaign says."""
