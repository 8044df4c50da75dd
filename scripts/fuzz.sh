#!/usr/bin/env bash
# Fuzzes what strangers' bytes go through: builds the targets in fuzz/ with AddressSanitizer and runs each for
# some seconds, as many at a time as there are cores. Installs cargo-fuzz; what else is missing it names.
#
# Arguments: the seconds (0: only build), and the targets (all if none is named). FUZZ_JOBS is how many run at a
# time, FUZZ_TIMEOUT the seconds that one input may take.
#
# Inputs that reach something new are kept in fuzz/corpus/, those that crash in fuzz/artifacts/.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

version=0.13.2
seconds="${1:?the seconds that each target runs}"
shift
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cd fuzz/fuzz_targets && printf '%s\n' *.rs | sed 's/\.rs$//')
jobs="${FUZZ_JOBS:-$(nproc)}"
target_dir="$(realpath -m "${CARGO_TARGET_DIR:-target}")"

fail() { printf '%s\n' "$*" >&2; exit 1; }

# AddressSanitizer's flags are a nightly toolchain's. Where there is none, the stable one is told to take them.
toolchain=(+nightly) channel=nightly
rustc +nightly --version >/dev/null 2>&1 || {
    toolchain=() channel=stable
    export RUSTC_BOOTSTRAP=1
}
rust() { rustc "${toolchain[@]}" "$@"; }
host="$(rust -vV | sed -n 's/^host: //p')"
asan="$(rust --print sysroot)/lib/rustlib/$host/lib/librustc-${channel}_rt.asan.a"
[ -e "$asan" ] ||
    fail "The toolchain for $host has no AddressSanitizer ($asan): use one for x86_64-unknown-linux-gnu"
command -v c++ >/dev/null || install_missing g++

is_right() { [ "$("$1" --version 2>/dev/null)" = "cargo-fuzz $version" ]; }
tools="$target_dir/tools"
if is_right cargo-fuzz; then
    tools="$(dirname "$(command -v cargo-fuzz)")"
else
    is_right "$tools/bin/cargo-fuzz" || {
        step "Installing cargo-fuzz $version"
        env -u CARGO_TARGET_DIR cargo install --quiet --locked --root "$tools" --version "=$version" cargo-fuzz
    }
    tools="$tools/bin"
fi

step 'Build the fuzz targets'
# The kernels take most of the time: with calls for AddressSanitizer's checks, and without the standard library's
# own checks, which AddressSanitizer makes up for, it is less than half of it.
build() {
    PATH="$tools:$PATH" RUSTFLAGS='-Zub-checks=no -Cllvm-args=-asan-instrumentation-with-call-threshold=0' \
        cargo "${toolchain[@]}" fuzz build --codegen-units 16 --target "$host" --target-dir "$target_dir/fuzz" "$@"
}
if [ $# -gt 0 ]; then
    for target in "${targets[@]}"; do build "$target"; done
else
    build
fi

# Only built, for a call that comes later.
[ "$seconds" -gt 0 ] || exit 0

# What libFuzzer is told of a target: the longest input.
options() {
    case "$1" in
        metadata | sliver) echo -max_len=16384 ;;
        inconsistency_proof | manifest | journal) echo -max_len=8192 ;;
        recovery_symbol) echo -max_len=2048 ;;
        *) echo -max_len=1024 ;;
    esac
}

# The seconds that one input may take. None takes a tenth of one, but where other work has the cores.
timeout="${FUZZ_TIMEOUT:-60}"

logs="$(mktemp -d)"
trap 'rm -rf "$logs"' EXIT

run() {
    local target="$1" corpus="fuzz/corpus/$1" artifacts="fuzz/artifacts/$1"
    mkdir -p "$corpus" "$artifacts"
    # shellcheck disable=SC2046
    "$target_dir/fuzz/$host/release/$target" $(options "$target") \
        -max_total_time="$seconds" -timeout="$timeout" -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$artifacts/" "$corpus" "fuzz/seeds/$target" >"$logs/$target" 2>&1
    echo $? >"$logs/$target.status"
}
export -f run options
export target_dir host seconds timeout logs ASAN_OPTIONS=detect_odr_violation=0

step "Fuzz: $seconds s each, $jobs at a time"
printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -I{} bash -c 'run "$@" || true' run {}

printf '\n%-20s %12s %8s %8s %10s\n' target runs cov corpus 'peak MiB'
crashed=()
for target in "${targets[@]}"; do
    log="$logs/$target"
    stat() { sed -n "s/^stat::$1: *//p" "$log"; }
    last="$(grep -E '^#[0-9]+.* cov: ' "$log" | tail -1 || true)"
    field() { sed -n "s/.* $1: \([0-9]*\).*/\1/p" <<<"$last"; }
    printf '%-20s %12s %8s %8s %10s\n' "$target" "$(stat number_of_executed_units)" "$(field cov)" \
        "$(field corp)" "$(stat peak_rss_mb)"
    [ "$(cat "$log.status" 2>/dev/null)" = 0 ] || crashed+=("$target")
done

for target in "${crashed[@]}"; do
    printf '\n%s failed:\n' "$target"
    tail -40 "$logs/$target"
    artifact="$(sed -n 's/.*Test unit written to //p' "$logs/$target" | tail -1)"
    [ -z "$artifact" ] ||
        printf '\nThe input is kept. To reproduce:\n    %s %s\n' "$target_dir/fuzz/$host/release/$target" "$artifact"
done
[ ${#crashed[@]} -eq 0 ]
