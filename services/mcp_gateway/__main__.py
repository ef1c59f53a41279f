"""`python -m services.mcp_gateway` serves MCP over HTTP, with --stdio over stdin and stdout."""

import argparse
import sys
from typing import NoReturn

from services.mcp_gateway import stdio
from services.mcp_gateway.service import serve
from services.mcp_gateway.settings import Settings
from shared.runtime.service import run


def main() -> NoReturn:
    """Serve as the command line says, and exit."""
    parser = argparse.ArgumentParser(prog="python -m services.mcp_gateway", description="Binance for AI agents, over MCP.")
    parser.add_argument("--stdio", action="store_true", help="speak over stdin and stdout instead of HTTP")
    parser.add_argument(
        "--with-platform", action="store_true", help="with --stdio: start the whole platform when no bus can be reached"
    )
    given = parser.parse_args()
    if given.with_platform and not given.stdio:
        parser.error("--with-platform goes with --stdio; for HTTP use `make run`")
    if given.stdio:
        sys.exit(stdio.run(with_platform=given.with_platform))
    run(Settings, serve)


if __name__ == "__main__":
    main()
