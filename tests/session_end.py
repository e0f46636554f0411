"""Ends what the tests of a process share, after the last of them.

pytest-xdist kills a worker that needs more than ten seconds to exit. On a busy machine, servers that were removed only
then would stay behind.
"""

from __future__ import annotations

import atexit
from contextlib import ExitStack

#: Has the endings; the last that was added runs first.
at_session_end = ExitStack()
# Benchmarks use the same servers, without pytest.
atexit.register(at_session_end.close)
