# Every command a contributor or CI needs. `make demo` and `make test` work from a bare clone.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
LEE := 100

.PHONY: help setup up demo test check pytest chaos compose-test fuzz audit generated constraints bench clean

help:            ## Say what there is
	@grep -hE '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

setup: $(VENV)/installed   ## Make .venv with everything in it

# torch comes first and pinned: a range would let pip take a build with gigabytes of CUDA.
$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

up:              ## Build the images and bring the deployment up (docs/deployment.md)
	sh deploy/secrets.sh
	docker compose up --build --detach --wait

demo: setup      ## Compare the sentences of the claims and 100 news documents
	$(BIN)/bifocal compare examples/claims.jsonl --list all --neighbours 5 -o demo/claims
	$(BIN)/python examples/lee_documents.py $(LEE) demo/news.jsonl
	$(BIN)/bifocal compare demo/news.jsonl -o demo/news
	$(BIN)/python examples/claims.py demo/claims/reports.jsonl
	@echo "Reports: demo/claims/index.html and demo/news/index.html"

test: setup check pytest   ## Everything: linters, types, import rules, tests on real parts

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

pytest: setup
	$(BIN)/python -m pytest

chaos: setup     ## Kill and stop every process at every step, and count what comes of the documents
	$(BIN)/python -m pytest tests/chaos -m chaos
	$(BIN)/python tests/chaos/run.py --documents 20000 --kills 200 --redis-restarts 5 --seed 1

audit: setup     ## Check pins and installed files, and ask for known vulnerabilities if somebody answers
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[audit]'
	$(BIN)/python .ci/audit.py

fuzz: setup      ## Thousands of requests of all sorts to a running gateway, by its description
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fuzz]'
	$(BIN)/python tests/fuzz_api.py --examples 300

compose-test: setup   ## Bring the deployment up by docker compose for real, and hold it to its promises
	tests/compose/run.sh $(BIN)/python

generated: setup   ## Write what is generated from the code: JSON Schemas, OpenAPI, .env.example
	$(BIN)/python -m bifocal.schemas docs/schemas
	$(BIN)/python -m bifocal_gateway.openapi docs/openapi.json
	$(BIN)/python -m bifocal.env_example .env.example

bench: setup     ## Measure start-up and documents per second on this machine
	$(BIN)/python bench/end_to_end.py

constraints: setup   ## Pin what is installed now
	{ echo "# Versions that the tests pass with; pip takes them by -c. Made by \`make constraints\`."; \
	  $(BIN)/python -m pip freeze --all --exclude pip --exclude-editable | sed 's/ @ .*//; s/+cpu$$//'; } > constraints.new
	mv constraints.new constraints.txt

clean:
	rm -rf $(VENV) demo build *.egg-info
