# Each command does its own set-up: a virtual environment in .venv with the exact versions of constraints.txt.
PYTHON ?= python3
WORKERS ?= 2
EXTRAS := test,dev,postgresql,object-store,optimizer,applications,speed
ROOMS := core plugins storage_backends ui agent_services
UV := $(shell uv --version >/dev/null 2>&1 && echo uv)

# Without stored bytecode every start of Python compiles everything again.
unexport PYTHONDONTWRITEBYTECODE

ifdef UV
VENV := uv venv -q --seed --allow-existing --python '>=3.11' .venv
INSTALL := uv pip install -q --compile-bytecode --python .venv/bin/python -c constraints.txt
else
VENV := $(PYTHON) -m venv .venv
INSTALL := .venv/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt
endif

.PHONY: help run test check bench demo pictures docs format
help:
	@echo "make run     start the server on loopback (make run ARGS='--data-dir /somewhere')"
	@echo "make test    install everything that the tests need and run them (make test ARGS='tests/queues')"
	@echo "make check   format, lint, types and import contracts"
	@echo "make format  format and fix what can be fixed"
	@echo "make bench   print the numbers of this machine"
	@echo "make demo    start a server with a team's work in it (make demo ARGS='--running' fills the one of the environment)"
	@echo "make pictures take the documentation's pictures from the demo that runs"
	@echo "make docs    generate the reference pages"

run: .venv/.installed
	.venv/bin/trackyard serve $(ARGS)

test: .venv/.tests-installed
	.venv/bin/python tests/prepare.py
	.venv/bin/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --metadata=both $(ARGS)

check: .venv/.tests-installed
	.venv/bin/ruff format --check -q .
	.venv/bin/ruff check -q .
	@# mypy finds packages by folder, so it gets folders that are laid out as the packages are named
	@mkdir -p .venv/types/trackyard && for room in $(ROOMS); do ln -sfn ../../../$$room .venv/types/trackyard/$$room; done
	MYPYPATH=.venv/types .venv/bin/mypy --no-error-summary $(ROOMS:%=-p trackyard.%) -p tests
	.venv/bin/lint-imports --no-logo

format: .venv/.tests-installed
	.venv/bin/ruff format -q .
	.venv/bin/ruff check -q --fix .

bench: .venv/.tests-installed
	.venv/bin/python -m benchmarks $(ARGS)

demo: .venv/.tests-installed
	.venv/bin/python -m docs.demo $(ARGS)

pictures: .venv/.tests-installed
	.venv/bin/python -m docs.demo.pictures

docs: .venv/.tests-installed
	.venv/bin/python docs/build.py

.venv/bin/python:
	@$(if $(UV),true,$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 …")')
	@$(if $(UV),true,$(PYTHON) -c 'import ensurepip' 2>/dev/null || apt-get install -y -qq python3-venv)
	$(VENV)

.venv/.installed: setup.cfg setup.py constraints.txt | .venv/bin/python
	$(INSTALL) -e .
	.venv/bin/python -m compileall -q $(ROOMS)
	@touch $@

.venv/.tests-installed: setup.cfg setup.py constraints.txt | .venv/bin/python
	$(INSTALL) -e '.[$(EXTRAS)]'
	.venv/bin/python -m compileall -q $(ROOMS) tests
	@touch $@ .venv/.installed
