# One command per task; `make help` lists them. Each command sets up its requirements first.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
override DEFAULT_RECIPE := voicesearch_like/quick

# make wer_tables RECIPE=an4/default CORPUS_DIR=DIR JOBS=8
ifeq ($(origin JOBS),undefined)
  JOBS := $(shell nproc)
endif
FAULTS ?= 100
SEED ?= 1
FUZZ_SECONDS ?= 600
override SETTINGS := RECIPE CORPUS_DIR JOBS FAULTS SEED FUZZ_SECONDS PYTEST_ARGS LOCK_ARGS RECIPES TESTS DRY_RUN

# A value is text: neither make nor a shell reads it. Make would run the $(shell ...) of a value, so
# all are taken as they are written. Recipes name them as variables of the shell, in quotes.
override as_written = $(eval override $(1) := $$(value $(1)))
override is_given = $(or $(filter $(1),$(SETTINGS)),$(findstring command,$(origin $(1))))
$(foreach name,$(sort $(SETTINGS) $(.VARIABLES)),$(if $(call is_given,$(name)),$(call as_written,$(name))))
export $(SETTINGS)
export PATH := $(CURDIR)/.venv/bin:$(value PATH)
unexport PYTHONHOME # of another Python: ours would not start
unexport PYTHONDONTWRITEBYTECODE # images of containers set it: every process would compile all it imports

override CHOICE := $(if $(RECIPE),--recipe "$$RECIPE") $(if $(CORPUS_DIR),--corpus-dir "$$CORPUS_DIR")
# pytest splits this variable into options itself, quotes included.
override PYTEST := env PYTEST_ADDOPTS="$${PYTEST_ADDOPTS:-} $$PYTEST_ARGS" pytest

# Print the output of a command only if it fails.
override quietly = said=$$($(1) 2>&1) || { echo "$$said"; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help setup setup_test setup_lint setup_tools setup_docs setup_slurm setup_onnx setup_wheel setup_wasm setup_browser setup_arm wheel wasm wer_tables spread test test-default test-slurm test-browser test-nightly test-faults scale \
  lint types format bench arm fuzz docs results release lock audit clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z_-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## set up what a recipe's run needs: .venv, KenLM's tools in .tools; nothing if it is there
	@scripts/setup.sh

wer_tables: setup ## run a recipe and print its table [RECIPE=CORPUS/EXPERIMENT] [CORPUS_DIR=DIR] [JOBS=N]
	@schatten run wer_tables -j "$$JOBS" $(CHOICE)
	@schatten show $(CHOICE)

spread: setup ## the default recipe with three seeds: how much its table varies
	@schatten run wer_tables -j "$$JOBS" --recipe $(DEFAULT_RECIPE)_seeds
	@schatten show --recipe $(DEFAULT_RECIPE)_seeds

test: setup_test lint types setup_arm ## every check: format, lint, types, tests; ends with pytest's closing line
	@python scripts/release.py begin test
	@$(PYTEST) -n auto --maxprocesses 8 --dist loadgroup --durations=10 --durations-min=5
	@[[ -n $$PYTEST_ARGS ]] || python scripts/release.py end test

test-default: setup_test ## the default recipe, and whether its table keeps its goals
	@python scripts/release.py begin test-default
	@$(MAKE) wer_tables RECIPE= CORPUS_DIR=
	@SCHATTEN_TEST_DEFAULT=1 $(PYTEST) -q tests/workflow/test_recipes.py -k default_recipe
	@schatten explain --steps results/$(DEFAULT_RECIPE)/tables/wer.csv
	@[[ -n $$PYTEST_ARGS ]] || python scripts/release.py end test-default

test-slurm: setup_test setup_slurm ## a recipe on a Slurm cluster of two nodes, started here, with jobs and a node killed
	@SCHATTEN_TEST_SLURM=1 python scripts/local_slurm.py --nodes 2 --or-skip -- \
	  python scripts/release.py note test-slurm $(PYTEST) tests/workflow/test_slurm.py

test-browser: setup_browser wasm ## the report in a real browser; installs Debian's chromium and emscripten (1.1 GB)
	@SCHATTEN_TEST_BROWSER=1 $(PYTEST) tests/browser tests/engine/test_browser.py --nightly
	@SCHATTEN_TEST_BROWSER=1 $(PYTEST) tests/workflow/test_smoke.py -k report

# Each part begins with a line `test-nightly: PART`, and the last line says that all passed.
test-nightly: setup_wheel ## the checks with the slow tests, tiny's dense baseline, 100 faults, Slurm
	@python scripts/release.py begin test-nightly
	@echo "test-nightly: tests"
	@SCHATTEN_TEST_TINY=1 $(MAKE) test PYTEST_ARGS="--nightly $$PYTEST_ARGS"
	@echo "test-nightly: browser"
	@$(MAKE) test-browser
	@echo "test-nightly: faults"
	@$(MAKE) test-faults
	@echo "test-nightly: slurm"
	@$(MAKE) test-slurm PYTEST_ARGS="--nightly $$PYTEST_ARGS"
	@[[ -n $$PYTEST_ARGS ]] || python scripts/release.py end test-nightly
	@echo "test-nightly: all parts passed, $$(date -u +'%F %R UTC'), commit $$(git rev-parse --short HEAD)"

test-faults: setup_test ## runs of the smallest recipe with kills, full disks and damaged files [FAULTS=N] [SEED=N]
	@rm -f results/faults.md
	@ended=0; SCHATTEN_FAULTS="$$FAULTS" SCHATTEN_FAULT_SEED="$$SEED" SCHATTEN_FAULT_REPORT=results/faults.md \
	  $(PYTEST) -v tests/workflow/test_faults.py || ended=$$?; \
	  cat results/faults.md; exit $$ended

lint: setup_lint ## format and lint of Python and of the workflow
	@ruff format --check -q .
	@ruff check -q .
	@$(call quietly,snakefmt --check Snakefile rules)
	@python scripts/lint_workflow.py

types: setup_lint ## types of src/
	@mypy --no-error-summary

format: setup_lint ## format Python and the workflow
	@ruff format .
	@ruff check --fix .
	@snakefmt Snakefile rules

scale: setup ## the cost of more audio and more systems: time, memory, planning [RECIPE=...]
	@schatten scale costs $(CHOICE)
	@schatten scale memory $(CHOICE)
	@schatten scale planning $(if $(RECIPE),--recipe "$$RECIPE")
	@schatten scale start $(CHOICE)

bench: setup_onnx setup_arm ## factored against dense training steps; the graph loss; kernels and engine beside other libraries
	@schatten bench-training
	@schatten bench-graph-loss
	@schatten run arm_bench -j "$$JOBS"
	@schatten device show
	@schatten device compare
	@schatten run decoder_bench -j "$$JOBS" --recipe voicesearch_like/smoke
	@cat results/voicesearch_like/smoke/tables/decoders.txt
	@schatten device compare-engine

arm: setup setup_arm ## kernels for ARM: build, check under emulation, bench
	@schatten run arm -j "$$JOBS"

fuzz: setup setup_arm ## fuzz the readers of files and sound, and the search, 10 minutes each [FUZZ_SECONDS=N]
	@scripts/fuzz.sh "$$FUZZ_SECONDS"

wheel: setup_wheel ## the Python package of the engine: source distribution and wheel, in dist/
	@python -m build --no-isolation --outdir dist arm/python

wasm: setup_wasm ## the engine for browsers, in dist/web; installs Debian's emscripten (0.8 GB)
	@scripts/build_wasm.sh "$$JOBS"

docs: setup_docs ## the documentation as a site, in site/, with every link checked
	@$(call quietly,NO_MKDOCS_2_WARNING=1 mkdocs build --strict) # with --quiet it would count no warnings
	@python scripts/site/check.py site
	@echo "read it: python -m http.server --directory site, then http://127.0.0.1:8000"

results: ## copy a recipe's tables and figures to docs/results/ [RECIPE=CORPUS/EXPERIMENT]
	@scripts/copy_results.sh "$${RECIPE:-$(DEFAULT_RECIPE)}"

# Checks come first, so it sets nothing up before them: it names what is missing.
release: ## check, build, try and tag what people download [DRY_RUN=1] [RECIPES=NAME[=DIR],...]
	@python scripts/release.py make $(if $(DRY_RUN),--dry-run) --tests "$$TESTS" --recipes "$$RECIPES"

lock: setup_tools ## write requirements.lock again after a change of pyproject.toml [LOCK_ARGS=--upgrade]
	@set -f; scripts/lock.sh $$LOCK_ARGS

audit: setup_tools ## look every locked package up in the Python advisory database (needs the network)
	@pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock

# Groups of packages beside those that a recipe's run needs: extras of pyproject.toml.
setup_test:
	@scripts/setup.sh onnx numbers test lint docs

setup_lint:
	@scripts/setup.sh lint

setup_tools:
	@scripts/setup.sh tools

setup_docs:
	@scripts/setup.sh lint docs # the lock has what both need in the first

setup_slurm:
	@scripts/setup_packages.sh slurm-wlm munge

setup_onnx:
	@scripts/setup.sh onnx

setup_wheel:
	@scripts/setup_packages.sh cmake make g++ python3-dev
	@scripts/setup.sh lint wheel # the lock has what both need in the first

setup_wasm:
	@scripts/setup_packages.sh cmake make emscripten nodejs

setup_browser:
	@scripts/setup_packages.sh cmake make g++ chromium chromium-driver
	@scripts/setup.sh onnx test browser

setup_arm:
	@scripts/setup_packages.sh cmake make g++ g++-aarch64-linux-gnu g++-arm-linux-gnueabihf qemu-user llvm-19 \
	  clang-19 libclang-rt-19-dev

clean: ## remove the caches of tools; results, states and .venv stay
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find src tests scripts -name __pycache__ -prune -exec rm -rf {} +
