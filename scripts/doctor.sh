#!/usr/bin/env bash
# Prints each tool, its version, and what it is for. Exit status 2 if one is missing that `make qor` does not bring itself.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh

status=0
line() { printf '%-13s %-48.48s %s\n' "$@"; }

# tool, what it is for, how to get it, arguments that print the version
row() {
    local tool=$1 for=$2 get=$3 version
    shift 3
    if have "$tool"; then
        version=$("$tool" "$@" 2>&1) || true # iverilog -V fails without a source
        version=${version%%$'\n'*}
    else
        version="missing: $get"
        status=2
    fi
    line "$tool" "$version" "$for"
}

# tool, and the argument that prints the version
own_row() {
    local tool=.tools/qor/bin/yowasp-$1 version="not yet: make qor brings it (PyPI, needs python3)"
    if [ -x "$tool" ]; then version=$("$tool" "$2" 2>&1 | tr -d '"' | sed -n "s/.*(Version \(.*\))$/\1/p; /^Yosys/p"); fi
    line "$1" "$version" "make qor alone"
}

# The runtimes of `make fidelity`.
runtimes_row() {
    local stamp=.tools/fidelity/wheels version="not yet: make fidelity brings them (PyPI, needs python3)"
    if [ -f $stamp ]; then version=$(cut -d ' ' -f 1-3 $stamp); fi
    line runtimes "$version" "make fidelity alone"
}

# The solvers of `make prove`.
solvers_row() {
    local stamp=.tools/prove/wheels version="not yet: make prove brings them (PyPI, needs python3)"
    if [ -f $stamp ]; then version=$(cut -d ' ' -f 1,3-5 $stamp); fi
    line solvers "$version" "make prove alone"
}

row cargo "everything" "rustup, https://rustup.rs" --version
row verilator "make sim, verify, test, lint" "apt-get install verilator" --version
row g++ "make sim, verify, test" "apt-get install g++" --version
row make "make sim, verify, test" "apt-get install make" --version
row yosys "make verify, test, lint, synth" "apt-get install yosys" -V
row iverilog "make test, lint" "apt-get install iverilog" -V
own_row yosys -V
own_row nextpnr-ecp5 --version
own_row nextpnr-ice40 --version
runtimes_row
solvers_row
exit $status
