"""Why a source of prices cannot be used."""


class BadSource(Exception):
    """There is nothing to replay or to mirror; one line that says why."""
