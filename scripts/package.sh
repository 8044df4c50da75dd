#!/usr/bin/env bash
# Tests an installed libwalrus_accel as its users use it: the headers in all supported languages, the C and C++
# suites by pkg-config and by CMake, shared and static, under valgrind and AddressSanitizer, and the README's
# examples on a real file. Requires a Rust toolchain. Installs everything else (on Debian, as root or through sudo).
#
# Argument: the prefix of `make install`. Default: installs to a temporary directory.
set -euo pipefail
prefix="${1:+$(realpath "$1")}"
cd "$(dirname "$0")/.."
. scripts/common.sh

missing=()
command -v cc >/dev/null || missing+=(gcc libc6-dev)
command -v c++ >/dev/null || missing+=(g++)
command -v make >/dev/null || missing+=(make)
command -v nm >/dev/null || missing+=(binutils)
command -v pkg-config >/dev/null || missing+=(pkg-config)
command -v cmake >/dev/null || missing+=(cmake)
command -v clang >/dev/null || missing+=(clang)
command -v valgrind >/dev/null || missing+=(valgrind)
[ -e /usr/include/jansson.h ] || missing+=(libjansson-dev)
[ -e /usr/include/openssl/evp.h ] || missing+=(libssl-dev)
[ -e /usr/include/nlohmann/json.hpp ] || missing+=(nlohmann-json3-dev)
# AddressSanitizer's run-time library for the installed version of clang.
asan="$(command -v clang >/dev/null && clang -print-file-name=libclang_rt.asan-x86_64.a || true)"
[ -e "$asan" ] || missing+=("$(command -v clang >/dev/null &&
    clang --version | sed -n 's/.*version \([0-9]*\).*/libclang-rt-\1-dev/p' || echo libclang-rt-14-dev)")
install_missing "${missing[@]}"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
if [ -z "$prefix" ]; then
    step 'Install'
    prefix="$work/prefix"
    make install PREFIX="$prefix"
fi
binary="$prefix/bin/walrus-accel"
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig" LD_LIBRARY_PATH="$prefix/lib"
export WALRUS_ACCEL_VECTORS="$PWD/tests/vectors"

step 'The installed command'
"$binary" --version
for page in walrus-accel walrus-accel-encode walrus-accel-clean; do
    grep -q '^\.TH' "$prefix/share/man/man1/$page.1"
done
grep -q 'complete -F' "$prefix/share/bash-completion/completions/walrus-accel"
grep -q '#compdef walrus-accel' "$prefix/share/zsh/site-functions/_walrus-accel"
grep -q 'complete -c walrus-accel' "$prefix/share/fish/vendor_completions.d/walrus-accel.fish"

step 'Exported symbols'
nm -D --defined-only "$prefix/lib/libwalrus_accel.so" | awk '{ print $3 }' | sort | diff - include/symbols.txt

step 'The headers alone'
strict=(-Wall -Wextra -Wpedantic -Werror -fsyntax-only "-I$prefix/include")
for standard in c99 c11; do cc "-std=$standard" "${strict[@]}" tests/c/header.c; done
for standard in c++11 c++17; do c++ "-std=$standard" "${strict[@]}" -x c++ tests/c/header.c; done

step 'C and C++ by pkg-config'
# Stops graphics drivers from reporting that there is no desktop.
export XDG_RUNTIME_DIR="$work"
# Two programs at a time: some wait, or use one thread.
suite() { make -s -j 2 --output-sync=target -C tests/c PREFIX="$prefix" "$@"; }
suite OUT="$work/shared" check
suite OUT="$work/static" PACKAGE=walrus_accel-static run-vectors run-recovery run-quilts run-misuse run-jobs
(
    mkdir "$work/objects"
    cd "$work/objects"
    # shellcheck disable=SC2046 # The output of pkg-config is several arguments.
    printf '%s\0' "$OLDPWD"/tests/cpp/*.cpp | xargs -0 -n 1 -P 2 c++ -std=c++17 -Wall -Wextra -Wpedantic \
        -Werror -g $(pkg-config --cflags walrus_accel) -c
)
for package in walrus_accel walrus_accel-static; do
    # shellcheck disable=SC2046
    c++ "$work"/objects/*.o $(pkg-config --libs "$package") -lcrypto -lpthread -o "$work/cpp-$package"
    "$work/cpp-$package"
done

step 'C and C++ by CMake, after moving the installation'
cp -a "$prefix" "$work/moved"
cmake -S tests/package -B "$work/cmake" -DCMAKE_PREFIX_PATH="$work/moved" -DCMAKE_BUILD_TYPE=Debug >"$work/cmake.log" ||
    { cat "$work/cmake.log"; exit 1; }
cmake --build "$work/cmake" --parallel >"$work/cmake.log" || { cat "$work/cmake.log"; exit 1; }
# These are copies of the libraries that the programs above were linked with, so the suites run in a shorter form:
# vectors of few shards, fewer calls, and failing allocations of 64 KiB and more instead of 4 KiB.
(cd "$work/cmake" && WALRUS_ACCEL_SMALL=1 WALRUS_ACCEL_CALLS=1000 WALRUS_ACCEL_LARGE=65536 \
    LD_LIBRARY_PATH="$work/moved/lib" ctest --parallel 2 --output-on-failure)

step 'Valgrind'
export WALRUS_ACCEL_SMALL=1
# Without graphics drivers: valgrind reports errors in the dynamic loader when it loads one.
export VK_DRIVER_FILES=/nowhere VK_ICD_FILENAMES=/nowhere
check=(valgrind -q --error-exitcode=9 --leak-check=full --show-leak-kinds=definite,indirect
    --errors-for-leak-kinds=definite,indirect)
suite OUT="$work/shared" WRAPPER="${check[*]}" run-vectors run-recovery run-quilts run-misuse run-jobs
WALRUS_ACCEL_CALLS=200 suite OUT="$work/shared" run-threads WRAPPER="${check[*]}"
"${check[@]}" "$work/cpp-walrus_accel"

step 'AddressSanitizer'
suite OUT="$work/asan" CC=clang CFLAGS='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all' \
    run-vectors run-recovery run-quilts run-misuse run-jobs run-threads
unset WALRUS_ACCEL_SMALL VK_DRIVER_FILES VK_ICD_FILENAMES

step 'Examples'
bash scripts/examples.sh "$prefix" "$binary"
