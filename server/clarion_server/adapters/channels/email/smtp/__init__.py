"""The SMTP client. aiosmtplib opens and secures a session, and `SmtpConnection` takes it over to send mail.

To decide the outcome of a hand-off, it needs what aiosmtplib does not offer: the replies to pipelined commands, their
strict pairing with commands, and whether the final dot was sent when a connection broke.
"""
