"""Keeps the namespaces of identities."""
