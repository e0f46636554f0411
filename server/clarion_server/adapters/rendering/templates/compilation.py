"""Compiles a template's tree to Python's code.

Python compiles a whole template in one call that lets no other thread run: a third of a millisecond for each KiB of the
Python that Jinja2 writes. What takes longer than the event loop may wait is compiled by a child process.
"""

from __future__ import annotations

import marshal
import subprocess
import sys
from types import CodeType

from jinja2 import TemplateSyntaxError, nodes

from clarion_server.adapters.rendering.templates.environment import ContentEnvironment
from clarion_server.adapters.rendering.templates.rewriting import add_payments
from clarion_server.adapters.rendering.templates.structure import Refusal, syntax_refusal

_FILE_NAME = "<template>"
#: Limits the characters of Python beside the template's own texts, which cost next to nothing: about 25 ms.
_LONGEST_HERE = 64 * 1024
_LONGEST = 4 * 1024 * 1024
_CHILD_SECONDS = 60
_CHILD = (
    "import marshal, sys; "
    f"marshal.dump(compile(sys.stdin.buffer.read().decode(), {_FILE_NAME!r}, 'exec'), sys.stdout.buffer)"
)


def compile_tree(tree: nodes.Template, environment: ContentEnvironment) -> CodeType | Refusal:
    """Returns the template's code, or why there is none. Changes the tree."""
    try:
        python = environment.compile(add_payments(tree), raw=True)
        if len(python) > _LONGEST:
            return syntax_refusal(0, "The template is too large.")
        return _compile_apart(python) if _takes_long(python, tree) else _compile_here(python)
    except TemplateSyntaxError as error:
        return syntax_refusal(error.lineno, error.message or "")
    except (SyntaxError, RecursionError, MemoryError):
        # Python's compiler has limits of its own, which the bounds on nesting should keep away.
        return syntax_refusal(0, "The template is nested too deeply.")


def _takes_long(python: str, tree: nodes.Template) -> bool:
    if len(python) < _LONGEST_HERE:
        return False
    texts = sum(len(node.data) for node in tree.find_all(nodes.TemplateData))
    return len(python) - texts >= _LONGEST_HERE


def _compile_here(python: str) -> CodeType:
    return compile(python, _FILE_NAME, "exec")


def _compile_apart(python: str) -> CodeType:
    """Compiles in a bare interpreter, which runs nothing of what it compiles. Falls back to compiling here."""
    try:
        child = subprocess.run(  # noqa: S603  (the same interpreter, with arguments of Clarion)
            [sys.executable, "-I", "-S", "-c", _CHILD],
            input=python.encode(),
            capture_output=True,
            timeout=_CHILD_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return _compile_here(python)
    code: CodeType = marshal.loads(child.stdout)  # noqa: S302  (the child wrote it)
    return code
