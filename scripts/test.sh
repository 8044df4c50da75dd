#!/usr/bin/env bash
# Everything that has to pass before a change lands: format, lints, documentation, tests, and the
# network's own encoder as a peer. Installs what it needs beyond a Rust toolchain with rustfmt and
# clippy (on Debian and its kin, as root or through sudo).
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
# A software driver, so that the GPU engine is tested on every machine.
ls /usr/share/vulkan/icd.d/lvp_icd*.json >/dev/null 2>&1 || missing+=(mesa-vulkan-drivers)
ldconfig -p | grep -q libvulkan.so.1 || missing+=(libvulkan1)
install_missing "${missing[@]}"

# Then a missing device is a failure, and no reason to skip tests.
export WALRUS_ACCEL_REQUIRE_GPU=1
# And so is a missing shell, for whose completions there is a test.
export WALRUS_ACCEL_REQUIRE_SHELLS=1
# Mesa's device selection looks for a display, and says on standard error that there is none.
export NODEVICE_SELECT=1

step 'Format'
cargo fmt --all --check
cargo fmt --manifest-path fuzz/Cargo.toml --check

step 'Lints'
cargo clippy --locked --all-targets --all-features -- -D warnings
cargo clippy --locked --no-default-features -- -D warnings

step 'Documentation'
RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --all-features --document-private-items

step 'Tests'
cargo test --locked --all-features

# As a newcomer does; what is installed by that is what is tested below.
step 'The commands of the README, in a fresh clone'
prefix="$(mktemp -d)"
trap 'rm -rf "$prefix"' EXIT
bash scripts/readme.sh "$prefix"
binary="$prefix/bin/walrus-accel"

step 'Machine code'
if [ "$(uname -sm)" = 'Linux x86_64' ]; then
    bash scripts/disassembly.sh "$binary"
    bash scripts/disassembly.sh --self-test "$binary"
fi

# The fuzz targets are built, and run for a minute each, beside what follows, which leaves much of the cores idle.
fuzz_log="$(mktemp)"
FUZZ_JOBS=8 nice bash scripts/fuzz.sh 60 >"$fuzz_log" 2>&1 &
fuzz=$!

step 'The network'\''s own encoder as a peer'
(cd tests/peer && npm ci --no-audit --no-fund)
node tests/peer/check.mjs "$binary"

step 'The C ABI, installed'
bash scripts/package.sh "$prefix"

step 'Fuzzing'
result=0
wait "$fuzz" || result=$?
cat "$fuzz_log"
rm "$fuzz_log"
exit "$result"
