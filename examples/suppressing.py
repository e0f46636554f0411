"""Keeps marketing from an address, asks what holds for it, and lets it pass again.

Reads CLARION_TARGET and CLARION_API_KEY.
"""

from __future__ import annotations

from clarion_client import Client, SuppressionScope


def main() -> None:
    with Client.from_environment() as client:
        suppression = client.suppressions.create("jane@example.com", scope=SuppressionScope.MARKETING)
        checked = client.suppressions.check("Jane@Example.com")
        print(f"Suppressed: {', '.join(checked.excluded_categories)}")
        client.suppressions.delete(suppression.name)
        print(f"Left: {len(client.suppressions.check('jane@example.com').suppressions)}")


if __name__ == "__main__":
    main()
