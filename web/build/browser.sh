#!/usr/bin/env bash
# Finds Chrome or Chromium (CHROME=path chooses one), installs Chromium where there is none and apt is usable, and
# writes web/dist/browser/headless_shell: a command that starts it with the flags the tests need.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

command=web/dist/browser/headless_shell # the name wasmbrowsertest looks for first

find_browser() {
	if [ -n "${CHROME:-}" ]; then
		command -v "$CHROME" || { echo "CHROME=$CHROME is no program: give the path of Chrome or Chromium" >&2; exit 1; }
		return
	fi
	local name
	for name in chromium chromium-browser google-chrome google-chrome-stable chrome /snap/bin/chromium \
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" /Applications/Chromium.app/Contents/MacOS/Chromium; do
		command -v "$name" && return
	done
	return 1
}

ask_for_browser() {
	echo "The browser tests need Chromium or Chrome, and there is none. Install it (Debian, Ubuntu: sudo apt-get install" >&2
	echo "chromium), or name one by CHROME=/path/to/chrome, and run this again." >&2
	exit 1
}

install_browser() {
	local as_root=()
	if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
	command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null || ask_for_browser
	echo "no Chrome or Chromium found: apt-get install chromium"
	"${as_root[@]}" apt-get update -qq
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null || ask_for_browser
}

write_command() { # <browser> [flags]
	mkdir -p "$(dirname "$command")"
	printf '#!/bin/sh\nexec "%s" %s "$@"\n' "$1" "--headless --disable-gpu --disable-dev-shm-usage --disable-quic \
--no-first-run --disable-background-networking --disable-component-update --disable-sync ${2:-}" >"$command"
	chmod +x "$command"
}

# The first start of a browser is the slow one: it happens here, where nobody waits with a time limit.
starts() {
	local profile
	profile=$(mktemp -d)
	"$command" --user-data-dir="$profile" --dump-dom about:blank >"$command.log" 2>&1 || { rm -rf "$profile"; return 1; }
	rm -rf "$profile"
}

if ! browser=$(find_browser); then
	if [ -n "${CHROME:-}" ]; then exit 1; fi
	install_browser
	browser=$(find_browser) || ask_for_browser
fi
write_command "$browser"
if ! starts; then
	write_command "$browser" --no-sandbox # root and most containers cannot have the sandbox
	starts || { echo "$browser does not start:" >&2; tail -n 20 "$command.log" >&2; exit 1; }
fi
echo "browser: $browser"
