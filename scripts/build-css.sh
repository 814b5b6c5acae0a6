#!/bin/sh
# Builds static/app.css and static/app.rtl.css from assets/; run after `npm ci`.
set -eu
cd "$(dirname "$0")/.."

sass() {
  node_modules/.bin/sass --load-path=node_modules --no-source-map --no-charset --quiet-deps \
    --style=compressed "$@"
}

sass assets/app.scss static/app.css
node_modules/.bin/rtlcss --silent static/app.css static/app.rtl.css

if grep -lE '(https?:)?//[a-z]|sourceMappingURL|GDS Transport' static/app*.css; then
  echo "These files point outside or carry a brand font" >&2
  exit 1
fi
