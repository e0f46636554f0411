"""The rules of Clarion: what its things are and how they may change. Imports the standard library alone."""
