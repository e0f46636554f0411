"""Holds the engines of the queue other than the store, one folder each."""
