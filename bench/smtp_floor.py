"""The floor of sending: aiosmtplib in a bare loop, a message that was built beforehand, nothing recorded.

A process of its own: `python -m bench.smtp_floor PORT COUNT` prints how many messages a second the server took.
"""

from __future__ import annotations

import asyncio
import sys
import time
from email.message import EmailMessage
from email.policy import SMTP

import aiosmtplib
import jinja2
import uvloop

from bench.campaign import HTML, SENDER, SMTP_CONNECTIONS, SUBJECT, TEXT
from bench.triggers import CONTEXT

RECIPIENT = "jane.0000@example.com"


def order_mail() -> bytes:
    """Returns the mail that Clarion makes of a trigger of the bench, give or take a header."""
    subject, text, html = (
        jinja2.Template(source, autoescape=True).render(context=CONTEXT) for source in (SUBJECT, TEXT, HTML)
    )
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = f"Shop <{SENDER}>", RECIPIENT, subject
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message.as_bytes()


async def send(port: int, mail: bytes, count: int) -> None:
    """Sends one mail after the other over one connection."""
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, use_tls=False, start_tls=False) as client:
        for _ in range(count):
            await client.sendmail(SENDER, [RECIPIENT], mail)


async def main(port: int, count: int) -> None:
    mail = order_mail()
    each = count // SMTP_CONNECTIONS
    begin = time.perf_counter()
    await asyncio.gather(*(send(port, mail, each) for _ in range(SMTP_CONNECTIONS)))
    print(each * SMTP_CONNECTIONS / (time.perf_counter() - begin))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
