# Where the tools are: sourced by the other scripts, from the root of the repository.
# `make setup` puts into .tools/bin only what the system lacks.
export PATH="$PWD/.tools/bin:$PATH"

have() { command -v "$1" >/dev/null 2>&1; }

# What simulation, lint and synthesis need; each is also the name of Debian's package.
TOOLS="verilator iverilog yosys make g++"

# Stops unless every tool that is named is there.
need() {
    local missing=()
    for tool in "$@"; do have "$tool" || missing+=("$tool"); done
    [ ${#missing[@]} -eq 0 ] && return
    echo "error: missing: ${missing[*]}; install with \`make setup\` or \`apt-get install ${missing[*]}\`" >&2
    exit 2
}

# Directories that `gen` wrote, one a line: build/NAME, and build/MODEL/LAYER. None is an error.
emitted() {
    local found
    found=$(find build -mindepth 2 -maxdepth 4 -type d -name rtl -not -path '*/.*' 2>/dev/null | sort | sed 's|/rtl$||')
    [ -n "$found" ] || { echo "error: build/ holds no emitted block; run \`make gen\` first" >&2; exit 1; }
    echo "$found"
}

# The module on top of an emitted directory; its manifest says so, since `gen emit -o` may have given it another place.
top_of() {
    local top=""
    [ -f "$1/manifest.json" ] && top=$(sed -n 's/^  "module": "\(.*\)",$/\1/p' "$1/manifest.json")
    echo "${top:-$(basename "$1")}"
}
