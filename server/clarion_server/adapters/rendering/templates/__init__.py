"""Turns the source of a template into text: its environment, its parsing, compiling and rendering."""
