# Everything a newcomer needs. PYTHON chooses the interpreter the environment is made with (3.11 or newer).
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# Compiled, as pip does unasked: where PYTHONDONTWRITEBYTECODE is set, every process would compile what it imports anew.
UV = uv pip install --quiet --compile-bytecode --python $(BIN)/python
INSTALL = $(if $(shell command -v uv),$(UV),$(BIN)/python -m pip install --quiet)
EXAMPLES = gilscope.examples

.PHONY: demo test lint man docs outputs reports pictures bench clean

demo: $(VENV)/.installed  ## Set up what gilscope itself needs, analyze the examples, leave their reports in demo/
	$(call analyze-examples,demo)
	@echo
	@$(BIN)/python -c 'import glob, gilscope; [print(gilscope.load(path).verdict) for path in sorted(glob.glob("demo/*.json"))]'
	@echo "\nOpen the pages in a browser:"
	@ls "$(CURDIR)"/demo/*.html

# It starts thousands of processes: what they import is compiled once, whatever the environment says of that.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/.ready  ## Set everything up and run the whole suite: in parallel, but for what judges time, which runs alone
	@status=0; \
	$(BIN)/python -m pytest -m "not timing" --numprocesses $$(($$(getconf _NPROCESSORS_ONLN) * 3 / 2)) --dist loadscope --no-loadscope-reorder || status=1; \
	$(BIN)/python -m pytest -m timing || status=1; \
	exit $$status

lint: $(VENV)/.ready  ## What CI checks beside the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

man: $(VENV)/.installed  ## The manual page, from the commands and their options: docs/gilscope.1
	$(BIN)/python docs/man.py

docs: $(VENV)/.ready  ## The site, in site/
	$(BIN)/mkdocs build --strict --quiet

outputs: $(VENV)/.ready  ## Run the programs of docs/programs.md anew, and write what they say into it (leave the machine alone); PYTHONS="A B": those of docs/pythons.md and docs/interpreters.md too
	$(BIN)/python examples/programs/page.py

reports: $(VENV)/.installed  ## Redraw the tracked gallery in reports/
	$(call analyze-examples,reports)

define analyze-examples
	$(BIN)/gilscope analyze $(EXAMPLES).primes:is_prime --inputs PRIMES --budget 15s -o $(1)/ >/dev/null
	$(BIN)/gilscope analyze $(EXAMPLES).urls:load_url --inputs $(EXAMPLES).urls:URLS --kwarg timeout=60 -o $(1)/ >/dev/null
	$(BIN)/gilscope analyze $(EXAMPLES).offload:sync_get_url --inputs URLS --context async -o $(1)/ >/dev/null
	$(BIN)/gilscope analyze $(EXAMPLES).offload:fetch --inputs URLS -o $(1)/ >/dev/null
endef

pictures:  ## Screenshots of what the pages begin with, where there is a Chromium
	for name in is_prime load_url sync_get_url fetch; do \
	  chromium --headless --no-sandbox --disable-gpu --disable-background-networking --no-first-run --hide-scrollbars \
	    --virtual-time-budget=8000 --user-data-dir="$$(mktemp -d)" --window-size=1100,960 --screenshot=reports/$$name.png \
	    "file://$(CURDIR)/reports/gilscope-$$name.html"; \
	done

bench: $(VENV)/.ready  ## Measure the figures of benchmarks/ anew (half an hour; leave the machine alone meanwhile)
	$(BIN)/python -m benchmarks

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gilscope needs Python 3.11 or newer: make PYTHON=python3.x")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable .
	$(BIN)/python -m compileall -q profiler
	touch $@

$(VENV)/.ready: $(VENV)/.installed
	$(INSTALL) --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) demo site .mypy_cache .ruff_cache .pytest_cache .hypothesis
