"""The command line."""

from __future__ import annotations

from collections.abc import Callable

from cyclopts import App

from clarion_server.config import Settings


def build(serve: Callable[[Settings], None]) -> App:
    app = App(name="clarion")

    @app.command(name="serve")
    def _serve() -> None:
        """Run the service."""
        serve(Settings())

    return app
