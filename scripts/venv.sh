#!/usr/bin/env bash
# Make .venv; on a bare Debian, install what python3 lacks for that.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

python=${PYTHON:-python3}
package=python3-venv

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  say "Python 3.11 or newer is needed; '$python' is not. Name one: make PYTHON=/path/to/python3.11 ..."
  exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  if ! apt_install "$package"; then
    say "Python cannot make virtual environments here. Run this once, then make again:"
    say "  sudo apt-get install $package"
    exit 1
  fi
fi
rm -rf .venv
umask 022
"$python" -m venv .venv
