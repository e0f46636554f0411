"""The queries about what was accepted and sent: executions, messages, and watches of events."""
