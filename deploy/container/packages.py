"""Debian packages that the proof wants on the machine."""

import os
import shutil

from deploy.container.command import Failed, run

APT_GET = ("apt-get", "-o", "Acquire::Retries=3")


def need(*programs: tuple[str, str]) -> None:
    """Installs the packages of those (program, package) that are missing.

    Raises:
        Failed: they cannot be installed here; says which.
    """
    missing = [package for program, package in programs if shutil.which(program) is None]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Failed(
            f"The containers need {', '.join(missing)}: install them, or run as root on Debian, where this does it itself."
        )
    print(f"installing {' '.join(missing)}", flush=True)
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run([*APT_GET, "update", "-q"], variables=quiet)
    run([*APT_GET, "install", "-y", "-q", "--no-install-recommends", *missing], variables=quiet)
