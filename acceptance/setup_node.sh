#!/usr/bin/env bash
# Installs what the acceptance tests in JavaScript need, in acceptance/node/node_modules: setup_node.sh
# Does nothing when exactly the locked versions are there.
set -euo pipefail

cd "$(dirname "$0")/node"
stamp=node_modules/package-lock.installed

node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 18 ? 1 : 0)' || {
    echo "setup_node.sh: Node 18 or newer is needed" >&2
    exit 1
}
if cmp -s package-lock.json "$stamp"; then
    exit 0
fi
npm ci --silent
cp package-lock.json "$stamp"
