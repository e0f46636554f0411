"""The links in a mail by which its recipient unsubscribes or chooses, and the keys of their tokens."""
