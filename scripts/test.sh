#!/usr/bin/env bash
# Runs every check that must pass before a change is merged: format, lints, documentation, tests, the README's
# commands, the network's own encoder as a peer, the installed C library, and short fuzzing. Requires a Rust
# toolchain with rustfmt and clippy. Installs everything else (on Debian, as root or through sudo).
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/common.sh

missing=()
command -v cc >/dev/null || missing+=(gcc libc6-dev)
command -v c++ >/dev/null || missing+=(g++)
command -v objdump >/dev/null || missing+=(binutils)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
command -v zsh >/dev/null || missing+=(zsh)
command -v fish >/dev/null || missing+=(fish)
command -v git >/dev/null || missing+=(git)
command -v make >/dev/null || missing+=(make)
command -v pkg-config >/dev/null || missing+=(pkg-config)
# A software driver, so that every machine tests the GPU engine.
ls /usr/share/vulkan/icd.d/lvp_icd*.json >/dev/null 2>&1 || missing+=(mesa-vulkan-drivers)
ldconfig -p | grep -q libvulkan.so.1 || missing+=(libvulkan1)
install_missing "${missing[@]}"

# Tests fail, instead of skipping, if a device is missing.
export WALRUS_ACCEL_REQUIRE_GPU=1
# Tests of completions fail, instead of skipping, if a shell is missing.
export WALRUS_ACCEL_REQUIRE_SHELLS=1
# Stops Mesa's device selection from looking for a display and reporting on standard error that there is none.
export NODEVICE_SELECT=1
# Incremental compilation splits crates into more units, which takes longer for a build from scratch.
export CARGO_INCREMENTAL=0

prefix="$(mktemp -d)"
trap 'stop_background; rm -rf "$prefix"' EXIT

step 'Format'
cargo fmt --all --check
cargo fmt --manifest-path fuzz/Cargo.toml --check

step 'Lints'
cargo clippy --locked --all-targets --all-features -- -D warnings
cargo clippy --locked --no-default-features -- -D warnings

step 'Documentation'
RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --all-features --document-private-items

step 'Build the tests'
cargo test --locked --all-features --no-run

# The lowest priority uses only processor time that the tests leave.
background 'fuzz targets' nice -n 19 bash scripts/fuzz.sh 0

step 'Tests'
cargo test --locked --all-features

# Compares the shaders with their twins again. The tests above run them without checks, as jobs do.
step 'Shaders with checks'
WALRUS_ACCEL_SHADER_CHECKS=1 cargo test --locked --all-features --lib engine::gpu::shader

# The later steps test this installation.
step 'The commands of the README, in a fresh clone'
bash scripts/readme.sh "$prefix"
binary="$prefix/bin/walrus-accel"

step 'Machine code'
if [ "$(uname -sm)" = 'Linux x86_64' ]; then
    bash scripts/disassembly.sh "$binary"
    bash scripts/disassembly.sh --self-test "$binary"
fi

# The peer uses one thread, so it runs beside the C suites.
(cd tests/peer && npm ci --no-audit --no-fund)
background 'peer' node tests/peer/check.mjs "$binary"

step 'The installed C library'
bash scripts/package.sh "$prefix"

step 'The network'\''s own encoder as a peer'
finish 'peer'

# All targets at the same time, for a minute.
step 'Fuzzing'
finish 'fuzz targets'
FUZZ_JOBS=8 bash scripts/fuzz.sh 60
