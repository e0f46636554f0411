"""The use cases of authors: campaigns from the draft to the end, their review, previews and tests."""
