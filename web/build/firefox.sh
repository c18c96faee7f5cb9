#!/usr/bin/env bash
# Finds Firefox (FIREFOX=path chooses one), installs firefox-esr where there is none and apt is usable, and writes
# web/dist/browser/firefox: a command that starts it without a window.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

command=web/dist/browser/firefox

find_firefox() {
	if [ -n "${FIREFOX:-}" ]; then
		command -v "$FIREFOX" || { echo "FIREFOX=$FIREFOX is no program: give the path of Firefox" >&2; exit 1; }
		return
	fi
	local name
	for name in firefox-esr firefox /snap/bin/firefox /Applications/Firefox.app/Contents/MacOS/firefox; do
		command -v "$name" && return
	done
	return 1
}

ask_for_firefox() {
	echo "These tests need Firefox, and there is none. Install it (Debian: sudo apt-get install firefox-esr), or name one by" >&2
	echo "FIREFOX=/path/to/firefox, and run this again." >&2
	exit 1
}

install_firefox() {
	local as_root=()
	if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
	command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null || ask_for_firefox
	echo "no Firefox found: apt-get install firefox-esr"
	"${as_root[@]}" apt-get update -qq
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq firefox-esr >/dev/null || ask_for_firefox
}

# The first start of a browser is the slow one: it happens here, where nobody waits with a time limit.
starts() {
	local folder
	folder=$(mktemp -d)
	"$command" --profile "$folder" --screenshot "$folder/blank.png" about:blank >"$command.log" 2>&1 && [ -s "$folder/blank.png" ] ||
		{ rm -rf "$folder"; return 1; }
	rm -rf "$folder"
}

if ! firefox=$(find_firefox); then
	if [ -n "${FIREFOX:-}" ]; then exit 1; fi
	install_firefox
	firefox=$(find_firefox) || ask_for_firefox
fi
mkdir -p "$(dirname "$command")"
printf '#!/bin/sh\nexec "%s" --headless "$@"\n' "$firefox" >"$command"
chmod +x "$command"
starts || { echo "$firefox does not start:" >&2; tail -n 20 "$command.log" >&2; exit 1; }
echo "browser: $firefox"
