# Arrays that `gen explore` found: each is emitted, and measured by Yosys and nextpnr, as a job of its own.
#
#   make -f DIR/Makefile -j 8          the front, the fastest first, from the root of the qrtl repository
#   make -f DIR/Makefile -j 8 best N=3 the N fastest of it
#   make -f DIR/Makefile -j 8 all      every array that fits by estimate
#
# A cluster's scheduler is put before each job by JOB: make -f DIR/Makefile -j 100 all JOB='srun -c 1'

GEN ?= target/release/gen
SIM ?= target/release/sim
JOB ?=
N ?= 3

DIR := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
FRONT := @FRONT@
ALL := @ALL@

measured = $(patsubst %,$(DIR)/%/measured.csv,$(1))
print = @awk 'NR == 1 || FNR > 1' $^

.PHONY: front best all
.DELETE_ON_ERROR:

front: $(call measured,$(FRONT))
	$(print)

best: $(call measured,$(wordlist 1,$(N),$(FRONT)))
	$(print)

all: $(call measured,$(ALL))
	$(print)

$(DIR)/%/measured.csv: $(DIR)/%.toml
	$(JOB) sh -c '$(GEN) emit --config $< -o $(DIR)/$* && $(SIM) qor --device @DEVICE@ --config $< --csv $@'
