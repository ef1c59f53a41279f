"""The containers proved for real: `make test-compose`.

Builds the image, brings docker-compose.yml up, drives it with an MCP client and a NATS client, takes it down. Where there is
no Docker daemon it installs one from Debian packages and starts it; where no image registry answers, the base image is made
from Debian packages too. So the proof needs root and apt-get, and nothing else of the machine. What cannot be had is said in
one line, and the proof fails: it is never passed over.
"""
