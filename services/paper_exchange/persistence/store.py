"""The SQLite file: rows of customers' things, each the JSON of what the engine holds.

Write-ahead log, flushed to the disk at checkpoints only: that survives the death of the process at any instruction. The file is
locked as long as it is open, so that two exchanges cannot write to one state.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec import Struct

VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS symbols (symbol TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS keys (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS commissions (
    account TEXT, symbol TEXT, value BLOB NOT NULL, PRIMARY KEY (account, symbol)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS orders (symbol TEXT, id INTEGER, value BLOB NOT NULL, PRIMARY KEY (symbol, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS names (
    account TEXT, symbol TEXT, name TEXT, id INTEGER NOT NULL, PRIMARY KEY (account, symbol, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lists (id INTEGER PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS records (
    number INTEGER PRIMARY KEY, account TEXT NOT NULL, symbol TEXT NOT NULL, kind TEXT NOT NULL, value BLOB NOT NULL
);
"""
_PUT = {
    "meta": "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    "symbols": "INSERT INTO symbols VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    "accounts": "INSERT INTO accounts VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    "keys": "INSERT INTO keys VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    "no_keys": "DELETE FROM keys WHERE name = ?",
    "commissions": "INSERT INTO commissions VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    "orders": "INSERT INTO orders VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    "names": "INSERT INTO names VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET id = excluded.id",
    "no_names": "DELETE FROM names WHERE account = ? AND symbol = ? AND name = ?",
    "lists": "INSERT INTO lists VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    "records": "INSERT INTO records (account, symbol, kind, value) VALUES (?, ?, ?, ?)",
}
Row = tuple[Any, ...]


class BadState(Exception):
    """The state file cannot be used; one line that says why."""


class Changes(Struct):
    """Rows to write, by kind."""

    meta: list[Row] = []
    symbols: list[Row] = []
    accounts: list[Row] = []
    keys: list[Row] = []
    no_keys: list[Row] = []
    commissions: list[Row] = []
    orders: list[Row] = []
    names: list[Row] = []
    no_names: list[Row] = []
    lists: list[Row] = []
    records: list[Row] = []


class Store:
    """One state file."""

    def __init__(self, path: str) -> None:
        """Opens the file, makes it where there is none, and locks it; raises BadState."""
        self.path = path
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=1)
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("COMMIT")
            self._db.executescript(_SCHEMA)
            known = self.read("SELECT value FROM meta WHERE name = 'version'")
            if not known:
                self._db.execute("INSERT INTO meta VALUES ('version', ?)", (VERSION,))
        except (OSError, sqlite3.Error) as error:
            raise BadState(f"The state {path!r} cannot be used: {error}. Is another paper exchange running on it?") from None
        if known and known[0][0] != VERSION:
            raise BadState(f"The state {path!r} is of version {known[0][0]}, expected {VERSION}.")

    def write(self, changes: Changes) -> None:
        """Write all of it or, whatever happens, nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for kind, statement in _PUT.items():
                rows: list[Row] = getattr(changes, kind)
                if rows:
                    self._db.executemany(statement, rows)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def read(self, query: str, values: Iterable[Any] = ()) -> list[Row]:
        """The rows of a query."""
        return self._db.execute(query, tuple(values)).fetchall()

    def close(self) -> None:
        """Close the file; the write-ahead log is folded into it."""
        self._db.close()
