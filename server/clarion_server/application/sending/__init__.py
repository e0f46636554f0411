"""From a durable message to its outcome: claims, attempts, records."""
