#!/usr/bin/env bash
# Print the folder of Debian's PostgreSQL 15 programs; install them if need be.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

programs=/usr/lib/postgresql/15/bin

if [ ! -x "$programs/postgres" ] && ! apt_install postgresql-15; then
  say "PostgreSQL 15 is not here. Run:  sudo apt-get install postgresql-15"
  exit 1
fi
echo "$programs"
