"""The channels: one folder a kind of channel. `bootstrap/channels.py` lists the kinds."""
