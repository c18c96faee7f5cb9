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

go_sources := go.mod go.sum $(shell find runner jsbridge wasm internal/codec -name '*.go' ! -name '*_test.go' 2>/dev/null)
library_sources := web/tsconfig.json $(shell find web/src -name '*.ts' 2>/dev/null)
demo_sources := $(library_sources) $(shell find web/demo -type f 2>/dev/null)
test_sources := web/tsconfig.json $(shell find web/src web/test -name '*.ts' 2>/dev/null) runner/testdata/decisions.json
wasm_exec := $(shell go env GOROOT)/lib/wasm/wasm_exec.js

engine := $(dist)/runstream.wasm
library := $(dist)/index.js $(dist)/worker.js
demo := $(dist)/demo.js $(dist)/demo.css

##@ Use
help: ## Lists the targets.
	@awk -F ':.*## ' '/^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

run: build ## Builds everything and serves the demo (ADDR=host:port, OPENAI_API_KEY, OPENAI_BASE_URL).
	go run ./web/server

build: $(engine) $(library) $(demo) ## Builds the engine, the package and the demo into web/dist.

package: build web/node_modules/.package-lock.json ## Builds the npm package, types included: web/dist/runstream-*.tgz.
	cd web && npx tsc --project tsconfig.types.json
	cp LICENSE README.md web/
	cd web && npm pack --pack-destination dist

##@ Prove
test: test-go test-jsbridge size test-types test-unit test-e2e ## Runs every test; does all its own set-up, the browser included.

test-go: ## Tests the Go packages natively, with the race detector.
	go test -race ./...

# The tool is resolved first: below GOOS=js it would be built for js itself. The browser gets the whole environment it
# is started with, so that is a small one.
test-jsbridge: ## Tests the bridge in Chromium.
	web/build/browser.sh
	$(wasm_env) go test ./jsbridge/... -exec "env -i 'PATH=$(CURDIR)/$(dist)/browser:/usr/bin:/bin' 'HOME=$${HOME:-/}' $$(go tool -n wasmbrowsertest)"

test-types: web/node_modules/.package-lock.json ## Type-checks the package, the demo, the tests and the README's code.
	node web/build/readme-code.mjs
	cd web && npx tsc --noEmit

test-unit: web/node_modules/.package-lock.json build $(dist)/test/unit.stamp ## Tests the TypeScript sources in Node.
	node --test --test-reporter=spec --enable-source-maps $(dist)/test/unit/*.test.mjs

test-e2e: web/node_modules/.package-lock.json build $(dist)/test/e2e.stamp ## Tests the pages in Chromium; pictures go to web/dist/screenshots.
	web/build/browser.sh
	go build -o $(dist)/server ./web/server
	node --test --test-reporter=spec --test-concurrency=1 --enable-source-maps $(dist)/test/e2e/*.test.mjs

conformance: ## Runs recorded cases against the Python SDK's record (CASES=folder, OUT=folder; both optional).
	go run ./internal/conformance/cmd $(if $(CASES),-cases "$(CASES)") $(if $(OUT),-out "$(OUT)")

interop: $(dist)/venv/ready ## Shows that Python resumes what we pause, and we what Python paused; needs Python 3.11.
	$(dist)/venv/bin/python -B -m internal.interop

corpus: ## Resumes the states of a folder as the Python SDK does (DIR=folder; the project's own if there is none).
	@for dir in $(or $(DIR),$(addprefix internal/corpus/testdata/,released_writers generated_v1_21 situations_v1_21 handmade)); do \
		echo "$$dir"; go run ./internal/corpus/cmd -dir "$$dir" -exceptions internal/corpus/testdata/exceptions.json; done

fuzz: ## Loads and resumes documents that are not what they should be, for TIME (10m).
	go test ./internal/corpus -run - -fuzz FuzzParse -fuzztime $(or $(TIME),10m) -fuzzminimizetime 20x -parallel $(or $(PARALLEL),2)

size: $(engine) $(library) ## Prints what a page downloads; fails when it is too much.
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
	$(wasm_env) go vet ./runner/... ./jsbridge/... ./wasm/...
	go tool staticcheck ./...
	$(wasm_env) "$$(go tool -n staticcheck)" ./runner/... ./jsbridge/... ./wasm/...

clean: ## Removes what was built.
	rm -rf $(dist) web/node_modules web/src/*.gen.js web/LICENSE web/README.md

.PHONY: help run build package conformance corpus interop fuzz test test-go test-jsbridge test-types test-unit test-e2e size check clean always

# Names the toolchain, so that another Go rebuilds the engine together with its wasm_exec.js.
$(dist)/go-version: always
	@mkdir -p $(dist); go version | cmp -s - $@ || go version > $@

$(engine): $(go_sources) $(dist)/go-version
	$(wasm_env) go build -trimpath -ldflags "-s -w" -o $@ ./wasm

# The toolchain's glue with `globalThis` as a parameter, so that it leaves nothing in the page's real one.
web/src/wasm_exec.gen.js: $(dist)/go-version Makefile
	{ echo 'export default function (globalThis) {'; \
	  echo 'const fs = { writeSync: (fd, bytes) => globalThis.fs.writeSync(fd, bytes) }; // named below without globalThis'; \
	  cat $(wasm_exec); echo 'return globalThis.Go; }'; } > $@

$(dist)/index.js: $(library_sources) web/src/wasm_exec.gen.js
	$(esbuild) --format=esm --target=es2022 web/src/index.ts --outfile=$@

$(dist)/worker.js: $(library_sources) web/src/wasm_exec.gen.js
	$(esbuild) --format=esm --target=es2022 web/src/worker.ts --outfile=$@

$(dist)/demo.js: $(demo_sources) web/src/wasm_exec.gen.js
	$(esbuild) --format=esm --target=es2022 web/demo/demo.ts --outfile=$@

$(dist)/demo.css: $(demo_sources)
	$(esbuild) web/demo/demo.css --outfile=$@

$(dist)/test/%.stamp: $(test_sources) web/src/wasm_exec.gen.js
	rm -rf $(dist)/test/$*
	go tool esbuild --log-level=warning --bundle --sourcemap --platform=node --target=node20 --format=esm --packages=external \
		--out-extension:.js=.mjs --outdir=$(dist)/test/$* web/test/$*/*.test.ts
	touch $@

$(dist)/venv/ready: internal/interop/requirements.txt
	rm -rf $(dist)/venv
	python3 -m venv $(dist)/venv
	$(dist)/venv/bin/pip install --quiet --disable-pip-version-check --requirement internal/interop/requirements.txt
	touch $@

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	@command -v npm > /dev/null || { echo "make: the tests need Node 20 or later with npm: install nodejs and npm (https://nodejs.org)"; exit 1; }
	cd web && npm ci
	touch $@
