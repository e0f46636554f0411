"""Makes an audience by a condition and one by a list, and says who is in them.

Reads CLARION_TARGET and CLARION_API_KEY. The key needs the scopes `author`, `read` and, to store people, `trigger`.
"""

from __future__ import annotations

from contextlib import suppress

from clarion_client import AlreadyExistsError, Audience, Client, IdentityList, InvalidRequestError, Profile

PEOPLE = [
    Profile(identities=["ann@example.com"], attributes={"plan": "gold", "orders": 12}),
    Profile(identities=["bob@example.com"], attributes={"plan": "free", "orders": 3}),
    Profile(identities=["eve@example.com"]),
]
GOLD = Audience(
    name="gold",
    display_name="Gold, and active",
    condition='profile.attributes.plan == "gold" && profile.attributes.orders >= 10',
)


def main() -> None:
    with Client.from_environment() as client:
        client.profiles.import_all(PEOPLE)

        # What is wrong with a condition is said with its place, before anything is stored.
        try:
            client.audiences.create(Audience(name="gold", display_name="Gold", condition='profile.plan == "gold"'))
        except InvalidRequestError as refused:
            print(refused.violations[0].description)

        with suppress(AlreadyExistsError):
            client.audiences.create(GOLD)
        counted = client.audiences.count("gold")
        print(f"{counted.member_count} of {counted.evaluated_count} people")
        for failed in counted.failures:
            print(f"{failed.count} have no answer: {failed.cause}")

        with suppress(AlreadyExistsError):
            client.audiences.create(
                Audience(name="visitors", display_name="Visitors of the conference", identity_list=IdentityList())
            )
        # The new list is nobody's until it is complete.
        uploaded = client.audiences.upload(
            "visitors", ["ann@example.com", "ANN@example.com", "crm:4711"], upload_id="november", complete=True
        )
        print(f"{uploaded.added_count} listed, {uploaded.repeated_count} repeated")
        print(*client.audiences.sample("visitors").members)


if __name__ == "__main__":
    main()
