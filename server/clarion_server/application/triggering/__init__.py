"""Makes a call a durable execution and its messages, and cancels them where that is still possible."""
