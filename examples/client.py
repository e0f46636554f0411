"""Sends one mail and waits for its outcome. Reads CLARION_TARGET and CLARION_API_KEY."""

from __future__ import annotations

from clarion_client import Client


def main() -> None:
    with Client.from_environment() as client:
        context = {"token": "3f1c9a7be05d4821", "valid_until": "2027-01-31T09:00:00Z"}
        accepted = client.trigger("password-reset", to="jane@example.com", context=context)
        print(f"Accepted: {accepted.recipients[0].messages[0].message}")
        with client.messages.watch(execution=accepted.execution, from_start=True) as events:
            print(f"Became: {next(events).type}")


if __name__ == "__main__":
    main()
