"""Stores profiles, identities and consents, and erases people."""
