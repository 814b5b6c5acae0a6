#!/usr/bin/env bash
# Print the path of a Chromium for the browser tests; install one if need be.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

find_chromium() {
  if [ -n "${CHROMIUM:-}" ]; then
    command -v "$CHROMIUM"
    return
  fi
  local name
  for name in chromium chromium-browser google-chrome; do
    command -v "$name" && return
  done
  return 1
}

find_chromium && exit
apt_install chromium fonts-noto-core && find_chromium && exit
say "The browser tests need Chromium, and it cannot be installed from here. Either:"
say "  sudo apt-get install chromium fonts-noto-core"
say "or name one that you have:  make test CHROMIUM=/path/to/chromium"
exit 1
