"""Makes the links in a mail by which its recipient unsubscribes or chooses, and keeps the keys of their tokens."""
