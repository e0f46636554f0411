"""Evaluates the expressions of templates: values, operators and tests, and the budget that pays for them."""
