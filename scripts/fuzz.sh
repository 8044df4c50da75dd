#!/usr/bin/env bash
# Fuzzes the code that handles untrusted bytes: builds the targets in fuzz/ with AddressSanitizer and runs them, as
# many at a time as there are cores. Installs cargo-fuzz. Fails with a message if another tool is missing.
#
# Arguments: seconds per target (0: only build), and targets (default: all). FUZZ_JOBS: number of targets that run
# at the same time. FUZZ_TIMEOUT: maximum seconds for one input.
#
# Inputs that reach new code are kept in fuzz/corpus/, inputs that crash in fuzz/artifacts/.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

version=0.13.2
seconds="${1:?seconds per target}"
shift
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cd fuzz/fuzz_targets && printf '%s\n' *.rs | sed 's/\.rs$//')
jobs="${FUZZ_JOBS:-$(nproc)}"
target_dir="$(realpath -m "${CARGO_TARGET_DIR:-target}")"

fail() { printf '%s\n' "$*" >&2; exit 1; }

# AddressSanitizer needs flags of the nightly toolchain. RUSTC_BOOTSTRAP lets the stable toolchain accept them.
toolchain=(+nightly) channel=nightly
rustc +nightly --version >/dev/null 2>&1 || {
    toolchain=() channel=stable
    export RUSTC_BOOTSTRAP=1
}
rust() { rustc "${toolchain[@]}" "$@"; }
host="$(rust -vV | sed -n 's/^host: //p')"
asan="$(rust --print sysroot)/lib/rustlib/$host/lib/librustc-${channel}_rt.asan.a"
[ -e "$asan" ] ||
    fail "$host: its toolchain has no AddressSanitizer ($asan), use x86_64-unknown-linux-gnu"
command -v c++ >/dev/null || install_missing g++

is_expected_version() { [ "$("$1" --version 2>/dev/null)" = "cargo-fuzz $version" ]; }
tools="$target_dir/tools"
if is_expected_version cargo-fuzz; then
    tools="$(dirname "$(command -v cargo-fuzz)")"
else
    is_expected_version "$tools/bin/cargo-fuzz" || {
        step "Installing cargo-fuzz $version"
        # Without optimization, because it only calls cargo.
        env -u CARGO_TARGET_DIR \
            cargo install --quiet --locked --debug --root "$tools" --version "=$version" cargo-fuzz
    }
    tools="$tools/bin"
fi

step 'Build the fuzz targets'
# Compiling the kernels takes most of the time. Two settings halve it: AddressSanitizer's checks are calls, and the
# standard library's own checks, which AddressSanitizer replaces, are off.
build() {
    PATH="$tools:$PATH" RUSTFLAGS='-Zub-checks=no -Cllvm-args=-asan-instrumentation-with-call-threshold=0' \
        cargo "${toolchain[@]}" fuzz build --codegen-units 16 --target "$host" --target-dir "$target_dir/fuzz" "$@"
}
if [ $# -gt 0 ]; then
    for target in "${targets[@]}"; do build "$target"; done
else
    build
fi

# With 0 seconds the targets are only built.
[ "$seconds" -gt 0 ] || exit 0

# Prints libFuzzer's options for a target: the maximum length of inputs.
options() {
    case "$1" in
        metadata | sliver) echo -max_len=16384 ;;
        inconsistency_proof | manifest | journal) echo -max_len=8192 ;;
        recovery_symbol) echo -max_len=2048 ;;
        *) echo -max_len=1024 ;;
    esac
}

# Maximum seconds for one input. Inputs take less than 0.1 s, but other work may use the cores.
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
        printf '\nThe input is kept. To run it again:\n    %s %s\n' "$target_dir/fuzz/$host/release/$target" "$artifact"
done
[ ${#crashed[@]} -eq 0 ]
