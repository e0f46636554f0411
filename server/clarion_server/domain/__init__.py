"""Defines the domain model: resources, their rules and their states. It imports only the standard library."""
