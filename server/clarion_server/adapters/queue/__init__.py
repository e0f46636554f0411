"""Engines of the queue besides the store's own, one folder each."""
