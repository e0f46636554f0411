"""E-mail: its content, the message that is made of it, and the SMTP client that sends it."""
