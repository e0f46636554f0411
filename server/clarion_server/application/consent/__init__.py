"""Says what people subscribe to, and what they have chosen."""
