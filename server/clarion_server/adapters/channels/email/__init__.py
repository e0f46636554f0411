"""Implements the e-mail channel: its content, its MIME messages and its SMTP client."""
