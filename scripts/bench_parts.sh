#!/usr/bin/env bash
# What `make bench` measures with and beside, below .bench/: load generators, Cerbos, engines with Python packages.
# What cannot be installed is told and left out: it is a row of the page that says so.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

missing=""
for part in wrk:wrk h2load:nghttp2-client npm:npm taskset:util-linux; do
  command -v "${part%%:*}" >/dev/null || missing="$missing ${part##*:}"
done
if [ -n "$missing" ]; then
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "installing$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null
    for package in $missing; do
      apt-get install -y -qq --no-install-recommends "$package" >/dev/null \
        || echo "could not install $package" >&2
    done
  else
    echo "not installed, and apt-get is not at hand:$missing" >&2
  fi
fi

mkdir -p .bench
if command -v npm >/dev/null && ! cmp -s benchmarks/node/package.json .bench/package.json; then
  echo "installing Cerbos"
  rm -rf .bench/install && mkdir .bench/install && cp benchmarks/node/package.json .bench/install/
  if (cd .bench/install && npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts); then
    rm -rf .bench/node_modules && mv .bench/install/node_modules .bench/node_modules
    cp benchmarks/node/package.json .bench/package.json
  else
    echo "could not install the npm packages of benchmarks/node/package.json" >&2
  fi
  rm -rf .bench/install
fi

# In an environment of their own, one by one: what one of them wants is nobody else's trouble.
wanted=$(.venv/bin/python -c 'import tomllib
print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["bench"])')
if [ "$wanted" != "$(cat .bench/engines/installed 2>/dev/null)" ]; then
  echo "installing $wanted"
  rm -rf .bench/engines
  .venv/bin/python -m venv .bench/engines
  for package in $wanted; do
    .bench/engines/bin/python -m pip install -qq --disable-pip-version-check "$package" \
      || echo "could not install $package" >&2
  done
  echo "$wanted" > .bench/engines/installed
fi
exit 0
