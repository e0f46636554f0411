"""Defines addresses, hosts and domains: their syntax, their keys and hashes, and the magic ones of sandboxes."""
