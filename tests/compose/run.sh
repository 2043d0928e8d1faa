#!/usr/bin/env bash
# Runs the tests of the deployment on the engine that `docker` reaches, or on one of their own.
#
#     tests/compose/run.sh PYTHON [arguments of pytest]
#
# COMPOSE_TEST_FOLDER   where the copy of the project, logs and an engine of its own lie
# WHEELS                a folder of wheels that the images are built from before the index: torch for processors
# BASE_IMAGE            the image that ours are built on, if it is another
set -euo pipefail
python=$1
shift
export COMPOSE_TEST_FOLDER=${COMPOSE_TEST_FOLDER:-/tmp/bifocal-compose}
here=$(cd "$(dirname "$0")" && pwd)
if ! docker version >/dev/null 2>&1; then
  eval "$("$here/engine.sh" "$COMPOSE_TEST_FOLDER/engine")"
  trap 'kill "$ENGINE_PID"' EXIT
fi
"$python" -m pytest -m compose -v "$@" "$here"
