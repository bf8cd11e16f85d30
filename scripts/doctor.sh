#!/usr/bin/env bash
# Prints each tool, its version, and what it is for. Exit status 2 if one is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh

status=0
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
    printf '%-10s %-48.48s %s\n' "$tool" "$version" "$for"
}

row cargo "everything" "rustup, https://rustup.rs" --version
row verilator "make sim, test, lint" "apt-get install verilator" --version
row g++ "make sim, test" "apt-get install g++" --version
row make "make sim, test" "apt-get install make" --version
row yosys "make sim, test, lint, synth" "apt-get install yosys" -V
row iverilog "make test, lint" "apt-get install iverilog" -V
exit $status
