"""The files that mails carry: uploads with names, and bytes that are stored once."""
