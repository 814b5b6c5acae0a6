#!/usr/bin/env bash
# Pin every dependency with its hashes; the locks name no place to fetch them from.
set -euo pipefail

options=("$@")

pin() {
  .venv/bin/uv pip compile pyproject.toml --quiet --universal --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-header --no-annotate "${options[@]}" "$@"
}

pin --output-file requirements.lock
pin --extra dev --constraint requirements.lock --output-file requirements-dev.lock
