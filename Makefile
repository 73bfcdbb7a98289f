# `make run` serves API and page, `make test` passes the tests; both set up what they need.
PYTHON ?= python3
UV_VERSION = 0.13.9
TEST_PROCESSES ?= 5
BIN = .venv/bin
# Bytecode is kept: where Python is told to write none, each of the processes would compile all tests.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/pytest --dist worksteal
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: run bot extension store release site test test-fast test-attacks-long test-system test-browser browsers languages podman check format install install-dev bench bench-load bench-bot bench-page bench-large lock clean

run: install
	@$(BIN)/pictrace-api

# Answers in Telegram, beside `make run`, on the same library.
bot: install
	@$(BIN)/pictrace-bot

test: install-dev tests/javascript/node_modules
	cd tests/javascript && npm test --silent
	$(PYTEST) -n $(TEST_PROCESSES) --ignore=tests/browser

# What needs no other process and no server: for the time between two edits.
test-fast: install-dev
	$(PYTEST) -n 2 --fast

# Thousands of damaged files, and every hostile one through the bot: some ten minutes. `make test` has a part of it.
test-attacks-long: install-dev
	MUTATIONS=5000 $(BIN)/pytest -n 2 tests/attacks

# What needs whole servers (Milvus, several machines at once), containers, and minutes: before a release.
test-system: install-dev podman
	$(PYTEST) --system

# Page and extension in real browsers: Chromium, and Firefox for the extension.
test-browser: install-dev browsers tests/javascript/node_modules
	$(BIN)/pytest -n 2 --dist worksteal tests/browser

# The extension packed for both: `dist/chromium` and `dist/firefox`, and a zip of each.
extension:
	@$(PYTHON) extension/pack.py

# What the stores ask for besides: listings, the page on privacy, screenshots and tiles (some minutes).
store: extension install-dev languages
	@$(BIN)/python extension/store/write.py
	PYTHONPATH=. $(BIN)/python extension/store/pictures.py dist/store

# Everything that is published of a version, in `dist/release`: see docs/releasing.md.
release: install-dev
	@PYTHONPATH=. $(BIN)/python release/build.py

# The documentation as a site: `dist/site/index.html`.
site: install-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

# Which of the commands (1) are missing.
find-missing = missing=; for tool in $(1); do PATH="$$PATH:/usr/sbin" command -v $$tool >/dev/null || missing="$$missing $$tool"; done

# Debian's packages (1) where something is missing; without apt it is said, and made of it what (2) says: 1 is a failure.
define install-missing
test -z "$$missing" || { \
	  test -x /usr/bin/apt-get || { echo "Install these, then go on:$$missing"; exit $(2); }; \
	  as_root=; test "$$(id -u)" = 0 || as_root=sudo; \
	  $$as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq --no-install-recommends $(1); }
endef

browsers:
	@$(call find-missing,chromium firefox-esr Xvfb xdotool); \
	$(call install-missing,chromium firefox-esr xvfb xdotool,1)

# What pictures in six languages need: letters of Chinese, Japanese and Korean, and Debian's Chromium in other words than English.
languages: browsers
	@missing=; \
	for language in zh-cn ja ko; do fc-list ":lang=$$language" | grep -q . || missing=" fonts-noto-cjk"; done; \
	test ! -e /usr/lib/chromium/locales/en-US.pak -o -e /usr/lib/chromium/locales/de.pak || missing="$$missing chromium-l10n"; \
	$(call install-missing,$$missing,1)

# Without it, the tests of image and compose files are skipped.
podman:
	@$(call find-missing,podman runc debootstrap iptables); \
	$(call install-missing,podman runc debootstrap iptables netavark aardvark-dns,0)

# Node.js itself is one of the Python packages, so that it is there on every machine, and of one version.
tests/javascript/node_modules: tests/javascript/package-lock.json | install-dev
	cd tests/javascript && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

check: install-dev tests/javascript/node_modules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/node tests/javascript/node_modules/.bin/eslint --config tests/javascript/eslint.config.js api/web extension tests/javascript
	$(BIN)/node tests/javascript/node_modules/.bin/tsc -p tests/javascript

format: install-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install-dev
	$(BIN)/python benchmarks/run.py

bench-load: install-dev
	PYTHONPATH=. $(BIN)/python benchmarks/load.py

bench-bot: install-dev
	PYTHONPATH=. $(BIN)/python benchmarks/bot.py

bench-page: install-dev browsers
	PYTHONPATH=. $(BIN)/python benchmarks/page.py

# A million pictures: some 8 GB of disk for as long as it runs, and the better part of an hour.
bench-large: install-dev
	PYTHONPATH=. $(BIN)/python benchmarks/large.py

install: .venv/.installed

install-dev: .venv/.installed-dev

.venv/.created:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v < (3, 14) else f"PicTrace needs Python 3.11, 3.12 or 3.13; this is {v.major}.{v.minor}. Choose one: make PYTHON=python3.13")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

# Bytecode is compiled here: where Python is told to write none, as in many containers, each start would do it again.
.venv/.installed: .venv/.created requirements.txt pyproject.toml
	@echo "Setting up PicTrace in .venv, once: 0.9 GB of packages. A minute or less."
	$(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.txt
	$(BIN)/uv pip install --quiet --no-deps -e .
	$(BIN)/python -m compileall -q engine shell api bot
	@touch $@

.venv/.installed-dev: .venv/.installed requirements-dev.txt
	$(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements-dev.txt
	@touch $@

# Resolve the dependencies anew. The lock file names registries, so only its export is kept.
lock: .venv/.created
	rm -f uv.lock
	mkdir -p dist
	$(BIN)/uv lock --quiet
	$(BIN)/uv export --quiet --frozen --no-emit-project --no-header --no-annotate --no-dev -o requirements.txt
	$(BIN)/uv export --quiet --frozen --no-emit-project --no-header --no-annotate -o requirements-dev.txt
	$(BIN)/uv export --quiet --frozen --no-dev --format cyclonedx1.5 -o dist/lock.cdx.json
	$(BIN)/python release/sbom.py < dist/lock.cdx.json > release/sbom.json

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist tests/javascript/node_modules
