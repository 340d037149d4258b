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
	$(BIN)/pip install --quiet -e '.[browser,load,phone,test]'
	$(BIN)/python -m simulator.ready
	touch $@

# A browser, where none is found (half the size of Debian's `chromium`), and SIPp, a telephone that nobody here wrote.
packages:
	@wanted=""; $(PYTHON) probes/find_browser.py || wanted="chromium-headless-shell"; \
	  command -v sipp >/dev/null || wanted="$$wanted sip-tester"; \
	  [ -z "$$wanted" ] || { \
	    echo "installing $$wanted"; \
	    if [ "$$(id -u)" = 0 ]; then apt-get update -q && apt-get install -qy --no-install-recommends $$wanted; \
	    else sudo apt-get update -q && sudo apt-get install -qy --no-install-recommends $$wanted; fi; }

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
