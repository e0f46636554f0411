"""Stores campaigns and what belongs to them: contents, fragments, files, test cases and approvals."""
