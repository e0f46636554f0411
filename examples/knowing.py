"""Keeps what is known about a person, finds it by another identity, and changes one attribute.

Reads CLARION_TARGET and CLARION_API_KEY.
"""

from __future__ import annotations

from clarion_client import Client, Profile


def main() -> None:
    with Client.from_environment() as client:
        person = Profile(
            identities=["jane@example.com", "crm:4711"], attributes={"first_name": "Jane", "plan": "free"}, locale="de"
        )
        (imported,) = client.profiles.import_all([person])
        print(f"Imported: {imported.outcome}")
        found = client.profiles.lookup("crm:4711")
        changed = Profile(name=found.name, attributes={"plan": "gold"}, etag=found.etag)
        updated = client.profiles.update(changed, ["attributes.plan"])
        print(f"Now: {sorted((updated.attributes or {}).items())}")


if __name__ == "__main__":
    main()
