"""The use cases of consent: topics, people's choices about them, and the settings of a sandbox."""
