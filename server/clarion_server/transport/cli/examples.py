"""Holds the examples that the help of commands ends with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from cyclopts import App

#: The commands that are loaded when they are called.
LOADED_LATE = frozenset({"serve", "lint", "test", "renew-keys"})
EXAMPLES: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "serve": (
            "clarion serve",
            "clarion serve --store postgresql://clarion@db.example/clarion --processes 4",
        ),
        "lint": ("clarion lint -f campaigns",),
        "test": (
            "clarion test -f campaigns",
            "clarion test -f campaigns --update --matrix renderings.html",
            "clarion test order-confirmed",
        ),
        "renew-keys": (
            "clarion renew-keys",
            "clarion renew-keys --store postgresql://clarion@db.example/clarion --json",
        ),
        "plan": ("clarion plan -f campaigns",),
        "apply": ("clarion apply -f campaigns --dry-run", "clarion apply -f campaigns --activate"),
        "codegen": ("clarion codegen order-confirmed --lang python -o order_confirmed.py",),
        "preview": (
            "clarion preview order-confirmed --context order.json",
            "clarion preview order-confirmed --context order.json --locale de --open order.html",
        ),
        "proof": ("clarion proof order-confirmed ann@example.com --context order.json",),
        "trigger": (
            """clarion trigger order-confirmed --to jane@example.com --context '{"order": {"id": "4711"}}'""",
            "clarion trigger order-confirmed --from orders.jsonl",
        ),
        "trigger-audience": (
            "clarion trigger-audience offers gold-customers --max-recipients 50000 --validate-only",
            "clarion trigger-audience offers gold-customers --max-recipients 50000 --wait",
        ),
        "explain": ("clarion explain order-confirmed --to jane@example.com --context order.json",),
        "watch": ("clarion watch --campaign order-confirmed", "clarion watch --from-start --json"),
        "messages list": (
            "clarion messages list --campaign order-confirmed --state failed,in-doubt",
            "clarion messages list --label order=4711",
        ),
        "profiles create": (
            """clarion profiles create jane@example.com crm:4711 --attributes '{"plan": "free"}' --locale de""",
        ),
        "profiles import": ("clarion profiles import people.csv --rejected rejected.csv",),
        "consents set": ("clarion consents set jane@example.com --deny --topic newsletter",),
        "suppressions add": ("clarion suppressions add jane@example.com --reason complaint",),
        "keys create": (
            """clarion keys create "checkout service" --scope trigger""",
            """clarion keys create "team EU" --scope author,approve,read --access-label eu""",
        ),
    }
)


def examples_of(command: str) -> str:
    """Returns the examples of a command in Markdown, which the end of its help has."""
    return "\n".join(["Examples:", "", *(f"- `{example}`" for example in EXAMPLES[command])])


def add_examples(app: App) -> None:
    """Adds the examples to the help of all commands that are loaded."""
    for path in EXAMPLES.keys() - LOADED_LATE:
        command = app
        for name in path.split():
            command = command[name]
        command.help_epilogue = examples_of(path)
