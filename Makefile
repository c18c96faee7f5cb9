# Every target is a command to paste; `make` alone lists them.
# `run` needs Go and nothing else. The tests need Node too, and set up the rest themselves.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

dist := web/dist
esbuild := go tool esbuild --log-level=warning --bundle --minify --sourcemap
wasm_env := GOOS=js GOARCH=wasm

go_sources := go.mod go.sum $(shell find runner jsbridge wasm internal -name '*.go' ! -name '*_test.go' 2>/dev/null)
library_sources := web/tsconfig.json $(shell find web/src -name '*.ts' 2>/dev/null)
demo_sources := $(library_sources) $(shell find web/demo -type f 2>/dev/null)
test_sources := web/tsconfig.json $(shell find web/src web/test -name '*.ts' 2>/dev/null) runner/testdata/decisions.json
emit_types := rm -rf $(dist)/types && cd web && npx tsc --project tsconfig.types.json
wasm_exec := $(shell go env GOROOT)/lib/wasm/wasm_exec.js

engine := $(dist)/runstream.wasm
# `run` makes do with the library's files that hold nothing from npm.
library := $(addprefix $(dist)/,index.js host.js worker.js testing.js)
bundled := $(dist)/indexeddb.js
packed := LICENSE README.md CHANGELOG.md $(wildcard docs/*.md docs/*.png docs/api/*.md)
tarball := $(dist)/runstream-$(shell sed -n 's/^  "version": "\(.*\)",/\1/p' web/package.json).tgz
demo := $(dist)/demo.js $(dist)/demo.css
bench := bench/dist
goagents := $(addprefix $(dist)/goagents.,wasm js css)

# Small apps that use the npm package, and those among them that are built.
packages := $(dist)/packages
apps := $(patsubst %,$(packages)/.%-built,vite vite7 webpack esbuild rollup next)

##@ Use
help: ## Lists the targets.
	@awk -F ':.*## ' '/^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

run: $(engine) $(library) $(demo) ## Builds everything and serves the demo (ADDR=host:port, OPENAI_API_KEY, OPENAI_BASE_URL).
	go run ./web/server

run-goagents: $(engine) $(library) $(demo) $(goagents) ## Serves the example of agents written in Go (examples/goagents), like run.
	PAGE=examples/goagents/index.html go run ./web/server

build: $(engine) $(library) $(bundled) $(demo) ## Builds the engine, the package and the demo into web/dist.

package: $(tarball) ## Builds the npm package, types included: web/dist/runstream-*.tgz.

bench: $(bench)/ready ## Measures against other SDKs and writes docs/benchmarks.md (REPS=10, ONLY=deltas,delay,load,turns,state,at-once,memory,size,native).
	web/build/browser.sh
	go build -o $(bench)/server ./bench/server
	REPS="$(REPS)" ONLY="$(ONLY)" node --enable-source-maps $(bench)/main.mjs

##@ Prove
test: test-go test-jsbridge size test-types test-unit test-e2e conformance-browser ## Runs every test; does all its own set-up, the browser included.

test-go: ## Tests the Go packages natively, with the race detector.
	go test -race ./...

# The tool is resolved first: below GOOS=js it would be built for js itself. The browser gets the whole environment it
# is started with, so that is a small one.
test-jsbridge: ## Tests the bridge in Chromium, and what has code of its own for browsers.
	web/build/browser.sh
	browser="env -i 'PATH=$(CURDIR)/$(dist)/browser:/usr/bin:/bin' 'HOME=$${HOME:-/}' $$(go tool -n wasmbrowsertest)" && \
	$(wasm_env) go test -p 1 ./jsbridge/... ./internal/bytescan ./internal/codec -exec "$$browser" && \
	$(wasm_env) go test ./runner -run InABrowser -exec "$$browser"

test-types: web/node_modules/.package-lock.json ## Type-checks the package, the demo, the tests and the README's code; holds docs to what they show.
	node web/build/readme-code.mjs
	node web/build/docs-files.mjs
	cd web && npx tsc --noEmit
	$(emit_types)
	node web/build/api.mjs --check

api: web/node_modules/.package-lock.json ## Writes docs/api, the reference of the TypeScript package, from its types.
	$(emit_types)
	node web/build/api.mjs

test-unit: web/node_modules/.package-lock.json build $(dist)/test/unit.stamp ## Tests the TypeScript sources in Node.
	node --test --test-reporter=spec --enable-source-maps $(dist)/test/unit/*.test.mjs

test-e2e: web/node_modules/.package-lock.json build $(goagents) $(dist)/test/e2e.stamp $(dist)/test/guides.stamp $(dist)/test/engine.wasm ## Tests the pages in Chromium; pictures go to web/dist/screenshots.
	web/build/browser.sh
	go build -o $(dist)/server ./web/server
	node --test --test-reporter=spec --test-concurrency=1 --enable-source-maps $(dist)/test/e2e/*.test.mjs

test-firefox: web/node_modules/.package-lock.json build $(goagents) $(dist)/test/e2e.stamp $(dist)/test/guides.stamp $(dist)/test/engine.wasm ## Tests the pages in Firefox, which it installs where apt is usable.
	web/build/firefox.sh
	go build -o $(dist)/server ./web/server
	BROWSER=firefox node --test --test-reporter=spec --test-concurrency=1 --enable-source-maps $(dist)/test/e2e/*.test.mjs

test-packages: $(tarball) $(packages)/.runstream $(apps) $(dist)/test/packages.stamp ## Installs the npm package into small apps, one for each bundler, and tests them in Chromium and Node.
	web/build/browser.sh
	$(packages)/node_modules/.bin/publint run $(tarball) --strict
	$(packages)/node_modules/.bin/attw $(tarball) --profile esm-only --exclude-entrypoints ./runstream.wasm > $(packages)/attw.log \
		|| { cat $(packages)/attw.log; exit 1; }
	cp -R web/test/packages/types $(packages) && $(packages)/node_modules/.bin/tsc --project $(packages)/types
	node --test --test-reporter=spec --enable-source-maps $(dist)/test/packages/*.test.mjs

conformance: conformance-native conformance-browser ## Runs recorded cases on both sides against the Python SDK's record (CASES=folder, OUT=folder; both optional).

conformance_run = go run ./internal/conformance/cmd $(if $(CASES),-cases "$(CASES)") $(if $(OUT),-out "$(OUT)")

conformance-native: ## Runs them natively.
	$(conformance_run)

conformance-browser: $(engine) $(library) $(dist)/test/conformance.js ## Runs them in Chromium through the npm package, engine in a worker and on the page.
	web/build/browser.sh
	$(conformance_run) -dist $(dist)

interop: $(dist)/venv/ready ## Shows that Python resumes what we pause, and we what Python paused; needs Python 3.11.
	$(dist)/venv/bin/python -B -m internal.interop

corpus: ## Resumes the states of a folder as the Python SDK does (DIR=folder; the project's own if there is none).
	@for dir in $(or $(DIR),$(addprefix internal/corpus/testdata/,released_writers generated_v1_21 situations_v1_21 handmade)); do \
		echo "$$dir"; go run ./internal/corpus/cmd -dir "$$dir" -exceptions internal/corpus/testdata/exceptions.json; done

fuzz: ## Loads and resumes documents that are not what they should be, for TIME (10m).
	go test ./internal/corpus -run - -fuzz FuzzParse -fuzztime $(or $(TIME),10m) -fuzzminimizetime 20x -parallel $(or $(PARALLEL),2)

size: $(engine) $(library) $(bundled) ## Prints what a page downloads; fails when it is too much.
	node web/build/size.mjs
	@deps=$$($(wasm_env) go list -deps ./wasm); \
	if grep -qx net/http <<< "$$deps"; then echo "the engine must not link net/http; go list -deps ./wasm shows it"; exit 1; fi; \
	echo "the engine links $$(wc -l <<< "$$deps") packages, net/http is not among them"
	@if $(wasm_env) go build -ldflags=-dumpdep -o /dev/null ./wasm 2>&1 | grep -E -- '-> encoding/json\.(Marshal|Unmarshal|\(\*(Encoder|Decoder)\))' >&2; then \
	echo "the engine must not link the reflection of encoding/json, 0.75 MB; use internal/codec"; exit 1; fi

check: test-types ## Formatting, go vet, staticcheck (native and wasm), types.
	@echo 'gofmt -l'; unformatted=$$(gofmt -l $$(find . -name '*.go' -not -path '*/node_modules/*')); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	$(wasm_env) go vet ./runner/... ./jsbridge/... ./wasm/... ./web/test/...
	go tool staticcheck ./...
	$(wasm_env) "$$(go tool -n staticcheck)" ./runner/... ./jsbridge/... ./wasm/... ./web/test/...

clean: ## Removes what was built.
	rm -rf $(dist) $(bench) web/node_modules bench/node_modules web/src/*.gen.js web/LICENSE web/README.md web/CHANGELOG.md web/docs

.PHONY: help run run-goagents build package api test-packages bench conformance conformance-native conformance-browser corpus interop fuzz test test-go test-jsbridge test-types test-unit test-e2e test-firefox size check clean always

# Names the toolchain, so that another Go rebuilds the engine together with its wasm_exec.js.
$(dist)/go-version: always
	@mkdir -p $(dist); go version | cmp -s - $@ || go version > $@

# The packages that no delta passes through are built without inlining, which saves 0.13 MB; the runtime and the standard
# library are as ever. wasm-opt then saves 0.45 MB, and a data section without gaps 0.55.
large := runner runner/chatcompletions jsbridge
engine_flags := -trimpath -ldflags "-s -w" $(large:%=-gcflags=runstream/%=-l)

$(dist)/built/runstream.wasm: $(go_sources) $(dist)/go-version
	$(wasm_env) go build $(engine_flags) -o $@ ./wasm

$(engine): $(dist)/built/runstream.wasm web/build/optimize.sh web/build/data.mjs web/package-lock.json
	web/build/optimize.sh $< $@

$(tarball): $(engine) $(library) $(bundled) web/tsconfig.types.json web/package.json $(packed) web/node_modules/.package-lock.json
	$(emit_types)
	tar -cf - $(packed) | tar -xf - -C web
	cd web && npm pack --silent --pack-destination dist

# The apps are built in a copy. Packages are installed from the lock; then the tarball, whose hash no lock can know.
$(packages)/.installed: $(wildcard web/test/packages/*.json web/test/packages/*/package.json)
	rm -rf $(packages); mkdir -p $(packages)
	cp -R web/test/packages/. $(packages)
	cd $(packages) && npm ci --ignore-scripts
	touch $@

$(packages)/.runstream: $(packages)/.installed $(tarball)
	cd $(packages) && npm install --no-save --no-package-lock --ignore-scripts --prefer-offline $(CURDIR)/$(tarball)
	rm -rf $(packages)/vite*/node_modules/.vite
	touch $@

.SECONDEXPANSION:
$(apps): $(packages)/.%-built: $(packages)/.runstream $$(wildcard web/test/packages/app/* web/test/packages/$$*/* web/test/packages/$$*/app/*)
	cp -R web/test/packages/app web/test/packages/$* $(packages)
	cd $(packages)/$* && NEXT_TELEMETRY_DISABLED=1 npm run build
	touch $@

# The toolchain's glue with `globalThis` as a parameter, so that it leaves nothing in the page's real one.
web/src/wasm_exec.gen.js: $(dist)/go-version Makefile
	{ echo 'export default function (globalThis) {'; \
	  echo 'const fs = { writeSync: (fd, bytes) => globalThis.fs.writeSync(fd, bytes) }; // named below without globalThis'; \
	  cat $(wasm_exec); echo 'return globalThis.Go; }'; } > $@

# The host, which runs Go, is a part of the worker's one file, and a file of its own for engines on the page: pages with a
# worker never fetch it, and whoever has to copy the worker copies one file. The code of IndexedDB sessions is apart, too.
apart := --external:*/host.js --external:*/indexeddb.js

$(dist)/index.js: $(library_sources)
	$(esbuild) --format=esm --target=es2022 $(apart) web/src/index.ts --outfile=$@

$(dist)/host.js $(dist)/worker.js $(dist)/testing.js: $(dist)/%.js: $(library_sources) web/src/wasm_exec.gen.js
	$(esbuild) --format=esm --target=es2022 web/src/$*.ts --outfile=$@

$(dist)/indexeddb.js: $(dist)/%.js: $(library_sources) web/node_modules/.package-lock.json
	$(esbuild) --format=esm --target=es2022 web/src/$*.ts --outfile=$@

$(dist)/goagents.wasm: $(go_sources) $(dist)/go-version $(wildcard examples/goagents/*.go runner/functiontool/*.go)
	$(wasm_env) go build -trimpath -ldflags "-s -w" -o $@ ./examples/goagents

$(dist)/goagents.js: examples/goagents/page.ts $(library_sources)
	$(esbuild) --format=esm --target=es2022 $(apart) --alias:runstream=./web/src/index.ts $< --outfile=$@

$(dist)/goagents.css: examples/goagents/page.css
	$(esbuild) $< --outfile=$@

$(dist)/demo.js: $(demo_sources)
	$(esbuild) --format=esm --target=es2022 $(apart) web/demo/demo.ts --outfile=$@

$(dist)/demo.css: $(demo_sources)
	$(esbuild) web/demo/demo.css --outfile=$@

# "runstream" is the built package, which Node finds as the one that the tests lie in.
$(dist)/test/%.stamp: $(test_sources) web/src/wasm_exec.gen.js
	rm -rf $(dist)/test/$*
	go tool esbuild --log-level=warning --bundle --sourcemap --platform=node --target=node20 --format=esm --packages=external --external:runstream \
		--out-extension:.js=.mjs --outdir=$(dist)/test/$* web/test/$*/*.test.ts
	touch $@

# The guides' code uses the package as a page's author does; the test page has it at these addresses.
$(dist)/test/guides.stamp: $(wildcard web/test/guides/*.ts)
	go tool esbuild --log-level=warning --bundle --sourcemap --format=esm --target=es2022 --alias:runstream=/web/dist/index.js \
		--alias:runstream/testing=/web/dist/testing.js '--external:/web/dist/*' --outdir=$(dist)/test/guides $(filter %.ts,$^)
	touch $@

$(dist)/test/conformance.js: $(wildcard web/test/conformance/*.ts)
	go tool esbuild --log-level=warning --bundle --sourcemap --format=esm --target=es2022 web/test/conformance/page.ts --outfile=$@

# The names of syscall/js that it counts by are the toolchain's own.
$(dist)/test/engine.wasm: $(go_sources) $(dist)/go-version web/test/e2e/engine/main_js.go
	$(wasm_env) go build -trimpath -ldflags "-s -w -checklinkname=0" -o $@ ./web/test/e2e/engine

# The contenders' pages, each bundled as a page's author would; the engine's files lie beside them.
$(bench)/ready: bench/node_modules/.package-lock.json $(engine) $(library) $(bundled) $(shell find bench/src bench/pages -type f 2>/dev/null) bench/tsconfig.json
	cd bench && npx tsc --noEmit
	rm -rf $(bench)
	$(esbuild) --sourcemap=external --format=esm --target=es2022 --alias:runstream=./$(dist)/index.js --outdir=$(bench)/pages \
		bench/pages/runstream.ts bench/pages/agents.ts bench/pages/ai.ts bench/pages/plain.ts
	cp bench/pages/*.html $(engine) $(dist)/worker.js $(bench)/pages/
	go tool esbuild --log-level=warning --bundle --sourcemap --platform=node --target=node20 --format=esm --packages=external \
		--outfile=$(bench)/main.mjs bench/src/main.ts
	touch $@

$(dist)/venv/ready: internal/interop/requirements.txt
	rm -rf $(dist)/venv
	python3 -m venv $(dist)/venv
	$(dist)/venv/bin/pip install --quiet --disable-pip-version-check --requirement internal/interop/requirements.txt
	touch $@

%/node_modules/.package-lock.json: %/package.json %/package-lock.json
	@command -v npm > /dev/null || { echo "make: this needs Node 20 or later with npm: install nodejs and npm (https://nodejs.org)"; exit 1; }
	cd $* && npm ci
	touch $@
