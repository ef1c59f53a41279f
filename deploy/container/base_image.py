"""The image that ours is built on: Python's official one where a registry gives it, otherwise one made of Debian packages."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.container.command import Failed, run, succeeds
from deploy.container.packages import need

OFFICIAL = "python:3.11-slim-bookworm"
"""The Dockerfile's default."""
OURS = "binance-mcp-base:debian"
PACKAGES = "python3,python3-venv,ca-certificates"
PULL_WITHIN_S = 120.0
AUTHORITIES = Path("etc/ssl/certs/ca-certificates.crt")
"""Debian's bundle of certificate authorities, below /."""


def base_image(folder: Path) -> str:
    """The name of an image that docker has or can pull: `BASE_IMAGE`, the official one, or ours.

    Raises:
        Failed: none can be had.
    """
    given = os.environ.get("BASE_IMAGE")
    if given:
        return given
    if succeeds(["docker", "image", "inspect", OFFICIAL]) or succeeds(["docker", "pull", OFFICIAL], timeout_s=PULL_WITHIN_S):
        return OFFICIAL
    if not succeeds(["docker", "image", "inspect", OURS]):
        _make(folder / "debian.tar")
    return OURS


def _make(archive: Path) -> None:
    if not archive.exists():
        need(("debootstrap", "debootstrap"), ("tar", "tar"))
        archive.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
            _bootstrap(Path(folder) / "root", archive)
    print("importing the base image", flush=True)
    run(["docker", "import", str(archive), OURS])


def _bootstrap(root: Path, archive: Path) -> None:
    """A minimal system of the host's own release, with what pip needs to reach the registry from here."""
    release, mirror = _release()
    print(f"making a base image of Debian packages ({release})", flush=True)
    run(["debootstrap", "--variant=minbase", f"--include={PACKAGES}", release, str(root), mirror], timeout_s=600)
    shutil.copy(Path("/") / AUTHORITIES, root / AUTHORITIES)
    (root / "etc" / "pip.conf").write_text(_pip_configuration())
    partial = archive.with_suffix(".partial")
    run(["tar", "-C", str(root), "--exclude=./var/cache/apt/archives/*.deb", "-cf", str(partial), "."])
    partial.chmod(0o600)  # pip's configuration may name a user of the registry
    partial.rename(archive)


def _release() -> tuple[str, str]:
    """(release, mirror) that this machine's apt uses.

    Raises:
        Failed: apt has no main archive, or has not fetched it yet.
    """
    codename = re.search(r"^VERSION_CODENAME=(\w+)$", Path("/etc/os-release").read_text(), re.MULTILINE)
    release = codename[1] if codename else ""
    targets = run(["apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(SITE)", "Created-By: Packages"])
    found = next((line.split()[2] for line in targets.splitlines() if line.split()[:2] == [release, "main"]), None)
    if found is None:
        raise Failed(f"apt knows no main archive of release {release or '(unknown)'}: run apt-get update.")
    return release, found


def _pip_configuration() -> str:
    """This machine's settings of pip that hold in a container too: those that name no file of this machine."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True).stdout
    pairs = dict(re.findall(r"^(?:global|:env:)\.([\w-]+)='(.*)'$", listed, re.MULTILINE))
    kept = {name: pairs[name] for name in ("index-url", "trusted-host", "proxy", "default-timeout") if name in pairs}
    kept["timeout"] = kept.pop("default-timeout", pairs.get("timeout", "60"))
    kept["cert"] = f"/{AUTHORITIES}"
    return "[global]\n" + "".join(f"{name} = {value}\n" for name, value in kept.items())
