#!/bin/sh
# As in the official image: options alone mean redis-server, which runs as the user redis.
set -e
if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then
  set -- redis-server "$@"
fi
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
  chown -R redis:redis .
  exec setpriv --reuid redis --regid redis --clear-groups -- "$@"
fi
exec "$@"
