"""Holds the channels, with one package per kind. `bootstrap/channels.py` lists them."""
