"""Transforms what authors wrote into the templates that are rendered: once, when a campaign is activated.

A part goes through the steps of `pipeline.py`. Each takes a source and returns the next one, with the author's line of
each tag and what was found on the way. Nothing here renders, and nothing is fetched from anywhere.

- `flattening.py`, with `fragment_source.py`, `variables.py` and `placing.py`: fragments and layouts.
- `jinja_tags.py`: finds the tags of Jinja2 and hides them.
- `inlining.py`, with `elements.py` and `style_rules.py`: the transform INLINE_CSS.
- `mjml.py`, and `mjml_elements.py` for review: the transform MJML.
- `parts.py`: builds the parts of contents, or takes what was stored of them.
"""
