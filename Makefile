# `make run` serves API and page, `make test` passes the tests; both set up what they need.
PYTHON ?= python3
UV_VERSION = 0.13.9
TEST_PROCESSES ?= 3
BIN = .venv/bin
# Bytecode is kept: where Python is told to write none, each of the processes would compile all tests.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/pytest --dist worksteal
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: run bot extension store test test-fast test-attacks-long test-system test-browser browsers podman check format install install-dev bench bench-load bench-bot bench-page bench-large lock clean

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
store: extension install-dev browsers
	@$(BIN)/python extension/store/write.py
	PYTHONPATH=. $(BIN)/python extension/store/pictures.py dist/store

# Debian's packages (2) where one of the commands (1) is not there; without apt it says what is missing.
define with-commands
	@missing=; \
	for tool in $(1); do PATH="$$PATH:/usr/sbin" command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	test -z "$$missing" || { \
	  test -x /usr/bin/apt-get || { echo "Install these commands, then go on:$$missing"; exit $(3); }; \
	  as_root=; test "$$(id -u)" = 0 || as_root=sudo; \
	  $$as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq --no-install-recommends $(2); }
endef

browsers:
	$(call with-commands,chromium firefox-esr Xvfb xdotool,chromium firefox-esr xvfb xdotool,1)

# Without it, the tests of image and compose files are skipped.
podman:
	$(call with-commands,podman runc debootstrap iptables,podman runc debootstrap iptables netavark aardvark-dns,0)

# Node.js itself is one of the Python packages, so that it is there on every machine, and of one version.
tests/javascript/node_modules: tests/javascript/package-lock.json | install-dev
	cd tests/javascript && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

check: install-dev tests/javascript/node_modules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	cd tests/javascript && npm run lint --silent

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
	@echo "Setting up PicTrace in .venv, once: some 0.8 GB of packages. A minute or less."
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
	$(BIN)/uv lock --quiet
	$(BIN)/uv export --quiet --frozen --no-emit-project --no-header --no-annotate --no-dev -o requirements.txt
	$(BIN)/uv export --quiet --frozen --no-emit-project --no-header --no-annotate -o requirements-dev.txt

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist tests/javascript/node_modules
