"""Finds the locales of messages, by the data of the Unicode CLDR."""
