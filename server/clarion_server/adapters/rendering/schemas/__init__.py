"""Compiles, checks and compares context schemas, which are JSON Schemas."""
