"""`clarion completion`: what shells need to complete commands and options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from cyclopts import App, Parameter

from clarion_server.transport.cli.session import CurrentSession

HELP = """Print a script by which your shell completes commands and options.

Keep it where the shell looks for such scripts, and write it again after an upgrade:

- `clarion completion bash > ~/.local/share/bash-completion/completions/clarion`
- `clarion completion zsh > ~/.zfunc/_clarion`, with `fpath+=~/.zfunc` before `compinit` in `~/.zshrc`
- `clarion completion fish > ~/.config/fish/completions/clarion.fish`
"""


def completion_of(app: App) -> Callable[..., None]:
    """Returns the command for a command line."""

    def completion(
        shell: Annotated[Literal["bash", "zsh", "fish"], Parameter(help="The shell.")],
        /,
        *,
        session: CurrentSession,
    ) -> None:
        session.output.write(app.generate_completion(shell=shell))

    return completion
