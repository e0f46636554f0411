"""Names where the commands are that the command line loads late, as `clarion` does."""

from __future__ import annotations

COMMANDS = (
    "clarion_server.programs.serving:serve",
    "clarion_server.programs.linting:lint",
    "clarion_server.programs.testing:run_tests",
    "clarion_server.programs.renewing:renew_keys",
)
