"""The SMTP client: aiosmtplib opens and secures a session, and a connection of our own takes it over for the mail.

Our own, because the truth about a hand-off needs what aiosmtplib's reader does not give: the replies to pipelined
commands, their strict pairing with commands, and whether the final dot had left when a connection broke.
"""
