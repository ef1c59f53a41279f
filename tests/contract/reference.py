"""The exchange's documentation as data, which lies beside the checkout where the platform is developed and in its CI.

Others' files are read there and never copied in. Where the folder is missing, tests named `test_reference_*` are left out
and the run says so (`conftest.py`); our own fixtures in `tests/documented` always judge.
"""

import json
from pathlib import Path
from typing import Any

Json = Any
ROOT = Path(__file__).parents[2]
REFERENCE = ROOT.parent / "shared" / "binance"


def reference(name: str) -> Json:
    """A file of the reference; only tests named `test_reference_*` ask, and those are not collected without the folder."""
    return json.loads((REFERENCE / name).read_text(encoding="utf-8"))
