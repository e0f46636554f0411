"""Engines of the queue other than the store, one folder each."""
