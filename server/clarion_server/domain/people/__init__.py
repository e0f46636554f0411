"""Defines profiles and identities: their rules, importing, merging and erasing them."""
