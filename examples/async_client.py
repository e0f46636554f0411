"""Sends a mail to many people over one stream, under asyncio. Reads CLARION_TARGET and CLARION_API_KEY."""

from __future__ import annotations

import asyncio

from clarion_client import AsyncClient, ClarionError, Recipient, Trigger

CONTEXT = {"token": "3f1c9a7be05d4821", "valid_until": "2027-01-31T09:00:00Z"}


async def main() -> None:
    people = ["jane@example.com", "nobody", "zoë@example.com"]
    triggers = [Trigger("password-reset", [Recipient(person, CONTEXT)]) for person in people]
    async with AsyncClient.from_environment() as client:
        async for trigger, result in client.trigger_stream(triggers):
            became = result.reason if isinstance(result, ClarionError) else result.recipients[0].messages[0].message
            print(trigger.recipients[0].identity, became)


if __name__ == "__main__":
    asyncio.run(main())
