#!/usr/bin/env bash
# Prints each tool, its version, and what it is for. Exit status 2 if something that sim and test need is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh

status=0
# tool, is it required (yes or no), what it is for, how to get it, arguments that print the version
row() {
    local tool=$1 required=$2 for=$3 get=$4 version
    shift 4
    if have "$tool"; then
        version=$("$tool" "$@" 2>&1) || true # iverilog -V fails without a source
        version=${version%%$'\n'*}
    else
        version="missing: $get"
        if [ "$required" = yes ]; then status=2; fi
    fi
    printf '%-10s %-48.48s %s\n' "$tool" "$version" "$for"
}

row cargo yes "everything" "rustup, https://rustup.rs" --version
row verilator yes "make sim, test, lint" "apt-get install verilator" --version
row g++ yes "make sim, test" "apt-get install g++" --version
row make yes "make sim, test" "apt-get install make" --version
row yosys yes "make sim, test, lint, synth" "apt-get install yosys" -V
row iverilog yes "make test, lint" "apt-get install iverilog" -V
exit $status
