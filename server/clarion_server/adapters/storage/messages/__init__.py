"""Stores messages, executions, events and counters, and deletes them after their retention."""
