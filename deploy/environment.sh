#!/bin/sh
# The virtual environment behind every make target: `deploy/environment.sh run`, `dev` or `bench`.
#
# Installs the hashed lock once and remembers its checksum, so that the next start costs nothing. pip is left as its owner
# configured it (index, certificates, proxies).
set -eu
cd "$(dirname "$0")/.."

case "${1:-}" in
    run) lock=requirements.lock ;;
    dev) lock=requirements-dev.lock ;; # pinned to the same versions as requirements.lock, so it serves `run` too
    bench) lock=requirements-bench.lock ;; # the same again, and the peers of the benchmarks
    *) echo "usage: deploy/environment.sh run|dev|bench" >&2; exit 2 ;;
esac
runs='import sys; sys.exit(sys.version_info < (3, 11))'
installed=.venv/.installed
wanted="$lock $(cksum < "$lock")"

if .venv/bin/python -c "$runs" 2>/dev/null && [ -f "$installed" ] && grep -qxF "$wanted" "$installed"; then
    exit 0
fi

if ! .venv/bin/python -m pip --version >/dev/null 2>&1 || ! .venv/bin/python -c "$runs"; then
    for python in python3 python3.13 python3.12 python3.11 ""; do
        [ -z "$python" ] || ! "$python" -c "$runs" >/dev/null 2>&1 || break
    done
    if [ -z "$python" ]; then
        echo "Python 3.11 or newer is needed and was not found (python3 is: $(python3 --version 2>/dev/null || echo missing)). On Debian or Ubuntu: apt-get install python3 python3-venv" >&2
        exit 1
    fi
    if ! "$python" -c "import venv, ensurepip" 2>/dev/null; then
        echo "$python cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv" >&2
        exit 1
    fi
    "$python" -m venv --clear .venv
fi

echo "Installing what $lock names into .venv (once, and when it has changed)..." >&2
rm -f "$installed"
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-input --no-deps --require-hashes -r "$lock" || {
    echo "pip could not install $lock: see its message above, then run the command again." >&2
    exit 1
}
echo "$wanted" > "$installed"
if [ "$lock" != requirements.lock ]; then
    echo "requirements.lock $(cksum < requirements.lock)" >> "$installed"
fi
if [ "$lock" = requirements-bench.lock ]; then
    echo "requirements-dev.lock $(cksum < requirements-dev.lock)" >> "$installed"
fi
