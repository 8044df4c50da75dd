#!/usr/bin/env bash
# Measures the command line on many small files (1 KB to 1 MB each): `make many`. Prints for each number of shards
#   blob-id   the time of `blob-id FILES...`, and of the library on one blob after the other from memory;
#   encode    the time of `encode FILES... --out DIR`, and of writing the same files to the same disk.
# Medians of rounds in which both sides take turns, and their ratio. Minutes; some GB of disk, freed at the end. ext4
# searches past inodes that were removed within minutes: wait some minutes before another run on the same disk.
#
# WALRUS_ACCEL_MANY_FILES    files for blob-id (default 1000)
# WALRUS_ACCEL_MANY_ENCODED  files for encode (default 50), each of 2,002 files at 1,000 shards; 0 leaves encode out
# WALRUS_ACCEL_MANY_ROUNDS   rounds (default 3)
# WALRUS_ACCEL_MANY_SHARDS   numbers of shards (default "1000 100 10")
# WALRUS_ACCEL_MANY_DIR      directory to work in (default: a new one in TMPDIR), on the disk to measure
# WALRUS_ACCEL_BENCH_THREADS threads of both sides (default 2)
set -euo pipefail
cd "$(dirname "$0")/.."

scratch="$(mktemp -d "${WALRUS_ACCEL_MANY_DIR:-${TMPDIR:-/tmp}}/walrus-accel-many-XXXXXX")"
trap 'rm -rf "$scratch"' EXIT
# Not exec: the trap removes the files.
WALRUS_ACCEL_MANY_DIR="$scratch" cargo bench --locked --bench many
