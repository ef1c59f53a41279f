"""The platform's processes, one package each; none imports another."""
