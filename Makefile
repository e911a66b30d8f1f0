# GNU make 3.81 (macOS) is enough. `make help` lists what there is.

SHELL := bash
TOOLS := scripts/with-tools

# More for pytest, such as: make test PYTEST_ARGS="-k launcher"
PYTEST_ARGS ?=
# The Pythons that constraints.txt is made for, the oldest first.
PYTHONS ?= python3.11 python3.12 python3.13

# Where `make push` takes the image: registry.example.org/team
REGISTRY ?=

.PHONY: image push test check bench pictures pins format clean help

image: ## build the container image (the default)
	@scripts/image

push: ## push the image: make push REGISTRY=registry.example.org/team
	@scripts/image push "$(REGISTRY)"

test: ## set up what is needed, check, and run every test
	@$(TOOLS) python scripts/check.py
	@$(TOOLS) python -m pytest -n 5 --dist loadgroup --no-loadscope-reorder $(PYTEST_ARGS)

check: ## every check of the code, and the tests of the Terraform roots
	@$(TOOLS) python scripts/check.py
	@$(TOOLS) python -m pytest tests/terraform $(PYTEST_ARGS)

bench: ## measure, beside named peers
	@$(TOOLS) python -m benchmarks $(BENCH_ARGS)

pictures: ## make the pictures of the README and the guide again
	@$(TOOLS) scripts/pictures

pins: ## choose the packages' versions again: constraints.txt
	@$(firstword $(PYTHONS)) scripts/pins.py $(PYTHONS)

format: ## format Python and Terraform
	@$(TOOLS) ruff check --fix --quiet . ; $(TOOLS) ruff format .
	@$(TOOLS) scripts/terraform fmt -recursive terraform

clean: ## remove what tools left in the checkout
	@rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
