#!/bin/sh
# Makes the secrets of a deployment, each only if there is none yet: the password of Redis, the key of clients.
set -eu
cd "$(dirname "$0")/.."
umask 077
mkdir -p secrets
for name in redis_password api_key; do
  if [ ! -s "secrets/$name" ]; then
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n' > "secrets/$name"
    # The containers read it as users of their own. Nobody else comes through the folder.
    chmod 644 "secrets/$name"
  fi
done
