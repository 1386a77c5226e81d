#!/usr/bin/env bash
# Makes the Python environment of the acceptance tests: setup_venv.sh DIRECTORY
# Does nothing when the directory already holds exactly the pinned versions.
set -euo pipefail

venv=${1:?usage: setup_venv.sh DIRECTORY}
here=$(cd "$(dirname "$0")" && pwd)
stamp=$venv/requirements.installed

if cmp -s "$here/requirements.txt" "$stamp" && "$venv/bin/python" -c '' 2>/dev/null; then
    exit 0
fi

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "setup_venv.sh: Python 3.11 or newer is needed (set PYTHON to choose one)" >&2
    exit 1
}
"$python" -m venv --clear "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input -r "$here/requirements.txt"
cp "$here/requirements.txt" "$stamp"
