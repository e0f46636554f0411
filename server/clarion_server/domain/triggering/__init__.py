"""Defines triggers, executions, and the decision what a trigger becomes."""
