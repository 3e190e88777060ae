#!/usr/bin/env bash
# compiled.sh FOLDER: the package with its hot path compiled, unless it is there and newer than its sources.
# Where it cannot be made the reason is told and nothing is there; under CI=true that is a failure.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$1
python=.venv/bin/python

if [ -e "$folder/.complete" ] && [ -z "$(find src pyproject.toml scripts/compiled_modules.py -newer "$folder/.complete" -name '*[!c]' -type f -print -quit)" ]; then
  exit 0
fi
rm -rf "$folder"
wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
echo "compiling the hot path into $folder"
if DEEMSTER_COMPILED=1 $python -m pip wheel -qq --no-deps --no-build-isolation -w "$wheels" . \
  && $python -m pip install -qq --no-deps --target "$folder" "$wheels"/*.whl; then
  touch "$folder/.complete"
else
  echo "not compiled: see above; it takes a C compiler and the headers of Python" >&2
  rm -rf "$folder"
  [ "${CI:-}" != true ]
fi
