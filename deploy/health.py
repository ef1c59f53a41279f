"""The health check of a container: `python -m deploy.health <URL>` succeeds when the URL answers 200.

Whatever base image there is, Python is in it; curl may not be.
"""

import sys
from http.client import HTTPConnection
from urllib.parse import urlsplit

TIMEOUT_S = 4.0


def main() -> int:
    """The exit status that Docker wants: 0 healthy, 1 not."""
    url = urlsplit(sys.argv[1])
    connection = HTTPConnection(url.netloc, timeout=TIMEOUT_S)
    try:
        connection.request("GET", f"{url.path}?{url.query}")
        return int(connection.getresponse().status != 200)
    except OSError:
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
