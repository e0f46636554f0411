"""People, what callers name them by, and what is known about them."""
