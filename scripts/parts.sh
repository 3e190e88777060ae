#!/usr/bin/env bash
# The real parts that tests use and PyPI does not have: Debian packages, and npm packages below .parts/.
# What cannot be installed is told and left out: the tests that need it then skip by name, or fail under CI=true.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# command it brings:Debian package
debian_parts="gcc:build-essential node:nodejs npm:npm chromium:chromium nginx:nginx haproxy:haproxy openssl:openssl redis-server:redis-server psql:postgresql promtool:prometheus faketime:faketime curl:curl jq:jq"

# Servers live in sbin, which is not on everybody's PATH.
PATH="$PATH:/usr/sbin"
missing=""
for part in $debian_parts; do
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

mkdir -p .parts
if command -v npm >/dev/null && ! cmp -s tests/node/package.json .parts/package.json; then
  cp tests/node/package.json .parts/package.json.new
  rm -rf .parts/node_modules
  mkdir -p .parts/install && cp tests/node/package.json .parts/install/package.json
  if (cd .parts/install && npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts); then
    mv .parts/install/node_modules .parts/node_modules
    mv .parts/package.json.new .parts/package.json
  else
    echo "could not install the npm packages of tests/node/package.json" >&2
  fi
  rm -rf .parts/install .parts/package.json.new
fi
exit 0
