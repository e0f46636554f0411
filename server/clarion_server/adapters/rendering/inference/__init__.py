"""Infers which values the expressions of a template may have, whatever context passes the schema.

This is abstract interpretation: it follows each value of the schema through the tags and expressions of a template. The
conditions of targeting rules are checked by the same values.

- `schema_dnf.py`, `json_types.py`: what a schema says about a value.
- `abstract_values.py`, `missing.py`, `scopes.py`: what is known of a value, and at a point of a template.
- `checker.py`, `expressions.py`, `evaluator.py`, `conditions.py`: tags, expressions and conditions.
- `filter_rules.py`, `filter_use.py`, `list_rules.py`, `test_rules.py`, `text_use.py`: filters, tests and texts.
- `report.py`: the findings, in words.
- `effort.py`: bounds the work.
"""
