"""What the command line ends with."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    OK = 0
    #: The question was answered, and the answer is bad news: review found errors, a trigger failed.
    BAD_NEWS = 1
    #: The command, a file or the request is wrong: the same again would fail again.
    REFUSED = 2
    #: The service could not be reached, or could not answer: the same may succeed later.
    UNREACHABLE = 3
    #: Ctrl-C, as shells count it (128 + SIGINT).
    INTERRUPTED = 130
