#!/usr/bin/env bash
# Makes the engine that Go built smaller: optimize.sh FROM TO. Binaryen's wasm-opt takes 8 % off, and data.mjs 10; neither
# changes anything that a page could tell. It takes Node with npm; without that the engine works as Go built it.
set -euo pipefail
from=$1 to=$2
if command -v npm > /dev/null && make --no-print-directory web/node_modules/.package-lock.json; then
  # What Go emits, and no more: the engine runs where Go's own output does.
  node --stack-size=8000 web/node_modules/binaryen/bin/wasm-opt "$from" -o "$to.code" -Oz \
    --enable-bulk-memory --enable-mutable-globals --enable-nontrapping-float-to-int --enable-sign-ext
  node web/build/data.mjs "$to.code" "$to" || {
    echo "the engine's data stays as it is, and the engine 12 % larger than need be" >&2
    cp "$to.code" "$to"
  }
  rm "$to.code"
else
  echo "the engine could be 18 % smaller: that takes Node with npm"
  cp "$from" "$to"
fi
