"""From a call to a durable execution and its messages, and back where that is still possible."""
