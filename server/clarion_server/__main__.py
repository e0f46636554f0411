"""`clarion`, and `python -m clarion_server`."""

from __future__ import annotations

from clarion_server.transport.cli import build


def main() -> None:
    build(serve="clarion_server.serving:serve")()


if __name__ == "__main__":
    main()
