#!/usr/bin/env bash
# Tests and measures the GPU engine on a machine that has a driver and neither compiler nor network.
#
#   bash benches/gpu.sh build DIR      with the sources: builds the programs and puts them into DIR, some 60 MB
#   bash DIR/gpu.sh run OUT            on the machine with the card, from any directory: writes OUT/gpu.json
#
# `run` prints devices and memory types, tests the engine (every vector, random shapes, shaders against their twins with
# and without checks), and measures the card alone, the engine's jobs, and the host alone. In under eight minutes: a step
# that takes longer than its share is ended and noted in the result. The Vulkan loader comes from the machine, or from
# Debian packages (*.deb) in DIR, which `run` unpacks to a temporary directory.
set -euo pipefail

usage() {
    sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

build() {
    local directory=$1 root
    cd "$(dirname "$0")/.."
    root=$PWD
    [ ! -e "$directory" ] || { echo "$directory: exists, choose a new directory" >&2; exit 1; }
    mkdir -p "$directory/tests"
    directory=$(realpath "$directory")
    # executable NAME CARGO-ARGUMENTS...: builds a target and copies its executable.
    executable() {
        local name=$1 built
        shift
        built=$(cargo "$@" --locked --message-format=json-render-diagnostics |
            sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -1)
        [ -n "$built" ] || { echo "$name: not built" >&2; exit 1; }
        strip -o "$directory/$name" "$built"
    }
    executable walrus-accel build --release --bin walrus-accel
    executable unit-tests test --release --lib --no-run
    executable vector-tests test --release --test vectors --no-run
    executable bench bench --features kernels --bench gpu --no-run
    cp -r tests/vectors "$directory/tests/"
    cp benches/gpu.sh "$directory/"
    # The tests look for their vectors in the sources' directory.
    echo "$root" >"$directory/root"
    { git rev-parse --short HEAD || echo unknown; } 2>/dev/null >"$directory/commit"
    du -sh "$directory"
}

run() {
    local here out root
    here=$(cd "$(dirname "$0")" && pwd)
    out=$1
    mkdir -p "$out"
    out=$(realpath "$out")
    root=$(cat "$here/root")
    # Another checkout at that place would answer with its own vectors.
    if [ ! -e "$root" ]; then
        mkdir -p "$(dirname "$root")"
        ln -s "$here" "$root"
        trap 'rm -f "$root"' EXIT
    fi
    if compgen -G "$here/*.deb" >/dev/null; then
        unpacked=$(mktemp -d)
        for package in "$here"/*.deb; do dpkg -x "$package" "$unpacked"; done
        LD_LIBRARY_PATH=$(find "$unpacked" -name 'lib*.so*' -printf '%h\n' | sort -u | paste -sd:)${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
        export LD_LIBRARY_PATH
    fi
    export WALRUS_ACCEL_REQUIRE_GPU=1 WALRUS_ACCEL_BENCH_OUT="$out" RUST_TEST_THREADS=${RUST_TEST_THREADS:-8}
    WALRUS_ACCEL_BENCH_COMMIT=$(cat "$here/commit")
    export WALRUS_ACCEL_BENCH_COMMIT
    steps=()
    # step NAME SECONDS COMMAND...: runs a step, shows the end of its output, and notes how it ended.
    step() {
        local name=$1 limit=$2 code=0 begin=$SECONDS
        shift 2
        echo "== $name"
        timeout -k 5 "$limit" "$@" >"$out/$name.log" 2>&1 || code=$?
        tail -n 15 "$out/$name.log"
        [ "$code" -ne 124 ] || echo "ended after $limit s"
        steps+=("{\"step\": \"$name\", \"exit\": $code, \"seconds\": $((SECONDS - begin))}")
    }
    step devices 30 "$here/walrus-accel" devices --json
    ! command -v nvidia-smi >/dev/null || step nvidia-smi 15 nvidia-smi -q
    ! command -v vulkaninfo >/dev/null || step vulkaninfo 30 vulkaninfo
    step twins-with-checks 60 env WALRUS_ACCEL_SHADER_CHECKS=1 "$here/unit-tests" twin
    step unit-tests 110 "$here/unit-tests" engine::gpu --skip every_fault
    step vectors 60 env WALRUS_ACCEL_ALL_VECTORS=1 "$here/vector-tests" gpu
    step bench 180 "$here/bench" --bench
    local bench
    bench=$(ls "$out"/gpu-*.json 2>/dev/null | head -1)
    {
        echo "{\"steps\": [$(IFS=,; echo "${steps[*]}")],"
        echo "\"bench\": $(if [ -n "$bench" ]; then cat "$bench"; else echo null; fi)}"
    } >"$out/gpu.json"
    [ -z "$bench" ] || rm "$bench"
    echo "== written to $out/gpu.json"
    # A failed step is the result's, and this program's.
    ! grep -q '"exit": [1-9]' "$out/gpu.json"
}

case ${1:-} in
build | run) [ $# -eq 2 ] || usage ;;
*) usage ;;
esac
"$@"
