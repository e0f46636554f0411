"""The namespaces of identities."""
