#!/usr/bin/env bash
# Every emitted block through Yosys for three targets; prints what each takes. Estimates before placement: a LUT of
# ECP5 that Yosys leaves in a carry chain (CCU2C) counts as two, as the device has it. "bits" are those of the memories
# in the source, "RAM" the blocks that hold them; generic leaves memories as they are.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
need yosys awk

TARGETS="generic ice40 ecp5"
# Below build/: a Yosys from PyPI has a /tmp of its own.
mkdir -p build
work=$(mktemp -d build/.synth-XXXXXX)
trap 'rm -rf "$work"' EXIT
export work

# One row of the table: synthesizes the block in a directory for a target.
one() {
    local dir=$1 target=$2 top=$3 pass begin=$SECONDS
    case $target in
        # `synth -lut 4` but for its memory_map, which makes every bit of a memory a flip-flop.
        generic) pass="synth -flatten -lut 4 -top $top -run begin:fine; opt -fast -full; opt -full; techmap; opt -fast
            abc -fast -lut 4; opt -fast; clean" ;;
        ice40) pass="synth_ice40 -dsp -top $top" ;;
        ecp5) pass="synth_ecp5 -top $top" ;;
    esac
    local out=$work/${dir//\//_}.$target
    if ! yosys -q -p "read_verilog $dir/rtl/*.v; hierarchy -check -top $top; design -save source
            proc; flatten; tee -q -o $out.source.json stat -json; design -load source; $pass; check -assert
            tee -q -o $out.json stat -json" >"$out.log" 2>&1; then
        echo "FAILED: $dir for $target" >&2
        cat "$out.log" >&2
        return 1
    fi
    awk -v block="${dir#build/}" -v target="$target" '
        FNR == 1 { inside = 0; file++ }
        /"design"/ { inside = 1 }
        inside && match($0, /"[^"]+": *[0-9]+/) {
            split(substr($0, RSTART, RLENGTH), field, /": */)
            cell = substr(field[1], 2); n = field[2] + 0
            if (file == 1) { if (cell == "num_memory_bits") bits = n; next }
            if (cell ~ /^(\$lut|SB_LUT4|LUT4)$/) lut += n
            else if (cell == "CCU2C") lut += 2 * n
            else if (cell == "TRELLIS_DPR16X4") lut += 4 * n
            else if (cell ~ /^(\$_S?DFF|SB_DFF|TRELLIS_FF)/) ff += n
            else if (cell ~ /^(SB_MAC16|MULT18X18D)$/) dsp += n
            else if (cell ~ /^(SB_RAM40|DP16KD|PDPW16KD)/) ram += n
        }
        END {
            if (lut + ff + dsp == 0) { print "error: no cells in the statistics of " block > "/dev/stderr"; exit 1 }
            printf "%-28s %-8s %8d %8d %6d %8d %6d\n", block, target, lut, ff, dsp, bits, ram
        }' "$out.source.json" "$out.json" >"$out.row"
    echo "synth: ${dir#build/} for $target: $((SECONDS - begin)) s" >&2
}
export -f one

dirs=$(emitted)
for dir in $dirs; do
    for target in $TARGETS; do echo "$dir $target $(top_of "$dir")"; done
done | xargs -P "$(nproc)" -L 1 bash -c 'set -euo pipefail; one "$@"' one
yosys -V
printf '%-28s %-8s %8s %8s %6s %8s %6s\n' block target LUT FF DSP bits RAM
cat "$work"/*.row
