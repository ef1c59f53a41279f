"""What only this platform answers."""
