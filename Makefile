# Two commands: `make demo` sets up and runs the main job; `make test` sets up and passes the tests. Both start from
# nothing on Debian with git, make and python3-venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test set-up packages verdicts bench clean

demo: set-up
	$(BIN)/testdrive run scenarios/quiet_tuesday.yaml

test:
	bash .ci/run

set-up: packages .venv/set-up

.venv/set-up: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet -e '.[browser,load,email,phone,telemetry,sensitivity,test]'
	$(BIN)/python -m simulator.ready
	touch $@

# A browser, where none is found (half the size of Debian's `chromium`); and what nobody here wrote and tests speak to: a
# mail server, and SIPp, a telephone.
packages:
	@lacking=""; \
	$(PYTHON) probes/find_browser.py || lacking="chromium-headless-shell"; \
	command -v sipp >/dev/null || lacking="$$lacking sip-tester"; \
	for package in dovecot-imapd dovecot-lmtpd dovecot-sieve; do \
	  dpkg -s $$package >/dev/null 2>&1 || lacking="$$lacking $$package"; done; \
	if [ -n "$$lacking" ]; then \
	  echo "installing $$lacking"; \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -q && apt-get install -qy --no-install-recommends $$lacking; \
	  else sudo apt-get update -q && sudo apt-get install -qy --no-install-recommends $$lacking; fi; fi

# How often the verdict is right, over 40 seeds of four desks; two at a time.
verdicts: set-up
	$(BIN)/python tests/verdicts.py

# How fast the engines are, against other libraries and a loop in C++ (which wants g++), in one run on this machine.
bench: set-up .venv/bench
	mkdir -p runs
	$(BIN)/python -m pytest tests/benchmarks -m benchmark -q -rs --benchmark-quiet --benchmark-timer=time.process_time \
	  --benchmark-json=runs/bench.json
	$(BIN)/python -m tests.benchmarks.ratios runs/bench.json

.venv/bench: pyproject.toml
	$(BIN)/pip install --quiet -e '.[bench]'
	touch $@

clean:
	rm -rf .venv runs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
