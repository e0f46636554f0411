"""Defines attachments, the types of files, and the files that a message carries."""
