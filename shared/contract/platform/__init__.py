"""Our own operations, which no exchange has."""
