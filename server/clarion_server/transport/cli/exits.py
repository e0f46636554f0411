"""Defines the exit codes of the command line."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    OK = 0
    #: The service answered, and the answer is bad news: review found errors, a trigger failed.
    BAD_NEWS = 1
    #: The command, a file or the request is wrong. The same command would fail again.
    REFUSED = 2
    #: The service could not be reached, or could not answer. The same command may succeed later.
    UNREACHABLE = 3
    #: Ctrl-C. Shells report 128 + SIGINT.
    INTERRUPTED = 130
