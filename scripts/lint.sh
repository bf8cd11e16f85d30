#!/usr/bin/env bash
# Every emitted block through Verilator, Icarus and Yosys, each with all its warnings. Whatever any of them prints fails.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
need verilator iverilog yosys

# Not /dev/null: as root, Icarus would change its mode.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

log=$work/log

# A command that must succeed and say nothing. Lines that begin with "- " are the report of newer Verilators.
silent() {
    if "$@" >"$log" 2>&1 && ! grep -qv '^- ' "$log"; then return; fi
    printf 'FAILED: %s\n' "$*" >&2
    cat "$log" >&2
    exit 1
}

dirs=$(emitted)
blocks=0 files=0
for dir in $dirs; do
    top=$(top_of "$dir")
    rtl=("$dir"/rtl/*.v)
    [ -e "${rtl[0]}" ] || { echo "error: $dir/rtl holds no Verilog" >&2; exit 1; }
    # Models of the cells that it instantiates.
    [ ! -d "$dir/cells" ] || rtl=("$dir"/cells/*.v "${rtl[@]}")
    silent verilator --lint-only -Wall --top-module "$top" "${rtl[@]}"
    silent iverilog -g2005 -Wall -s "$top" -o "$work/lint.vvp" "${rtl[@]}"
    silent yosys -q -e '.*' -p "read_verilog ${rtl[*]}; hierarchy -check -top $top; proc; check -assert"
    echo "lint: ${dir#build/}: ${#rtl[@]} files, clean"
    blocks=$((blocks + 1)) files=$((files + ${#rtl[@]}))
done
echo "lint: in all $blocks blocks, $files files, 0 warnings"
