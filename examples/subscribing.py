"""Lets a person sign up for a topic and leave it, and shows what a copied list cannot do.

Reads CLARION_TARGET and CLARION_API_KEY. The key needs the scopes `author`, for the topic, and `trigger`.
"""

from __future__ import annotations

from contextlib import suppress

from clarion_client import (
    AlreadyExistsError,
    Client,
    ConsentChange,
    ConsentChoice,
    ConsentEvidence,
    ConsentSource,
    PreconditionFailedError,
    Topic,
)

PERSON = "jane@example.com"


def main() -> None:
    with Client.from_environment() as client:
        with suppress(AlreadyExistsError):
            client.topics.create(Topic(name="newsletter", display_name="Newsletter"))

        # The person ticked a box. Keep the text that was shown.
        shown = ConsentEvidence(text="Yes, send me the newsletter.", url="https://shop.example/signup")
        grant = ConsentChange(
            topic="newsletter", choice=ConsentChoice.GRANTED, source=ConsentSource.FORM, evidence=shown
        )
        client.consents.set(PERSON, [grant])

        # The person left the topic on the shop's own page.
        denial = ConsentChange(topic="newsletter", choice=ConsentChoice.DENIED, source=ConsentSource.PREFERENCE_PAGE)
        client.consents.set(PERSON, [denial])

        # A list from another system does not bring them back.
        copied = ConsentChange(topic="newsletter", choice=ConsentChoice.GRANTED, source=ConsentSource.SYNC)
        try:
            client.consents.set(PERSON, [copied])
        except PreconditionFailedError as refused:
            print(f"Refused: {refused.reason}")

        for change in client.consents.history(PERSON):
            print(f"{change.choice} by {change.source}")


if __name__ == "__main__":
    main()
