#!/usr/bin/env bash
# Compiles the README's examples for C and C++ by the README's commands, runs them on a real file, and compares
# their output with the command line's.
#
# Arguments: the installation prefix of libwalrus_accel, and the command line's binary.
set -euo pipefail
prefix="$(realpath "$1")" binary="$(realpath "$2")"
cd "$(dirname "$0")/.."
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# The README's commands, with other paths of the library and the programs.
mapfile -t commands < <(sed -n 's/^\(cc\|c++\) .*/&/p' README.md | sed "s|/tmp/p|$prefix|g; s|-o |-o $work/|")
[ ${#commands[@]} -ge 4 ] || { echo 'README.md: fewer than 4 compiler commands' >&2; exit 1; }
awk '/^```cpp$/ { copy = 1; next } /^```$/ { copy = 0 } copy' README.md >"$work/id.cpp"
for command in "${commands[@]}"; do eval "${command//id.cpp/$work/id.cpp}"; done

# The integration guide has a function in C++.
awk '/^```cpp$/ { copy = 1; next } /^```$/ { copy = 0 } copy' docs/INTEGRATION.md >"$work/guide.cpp"
# shellcheck disable=SC2046 # The output of pkg-config is several arguments.
c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -fsyntax-only $(pkg-config --cflags walrus_accel) "$work/guide.cpp"

head -c 5000003 /dev/urandom >"$work/file"
"$binary" encode "$work/file" --out "$work/expected" 2>/dev/null
id="$("$work/encode" "$work/file" "$work/found")"
diff -r "$work/expected" "$work/found"

# A third of the slivers, one of which is damaged.
cp -r "$work/found/$id" "$work/some"
printf 'x' | dd of="$work/some/pairs/0777.primary.bcs" bs=1 seek=100 conv=notrunc status=none
"$work/node" "$work/some/metadata.bcs" "$work/restored" "$work"/some/pairs/0[67]??.primary.bcs \
    "$work"/some/pairs/08??.primary.bcs "$work"/some/pairs/00[0-4]?.primary.bcs
cmp "$work/file" "$work/restored"
cmp "$work/found/$id/pairs/0000.secondary.bcs" "$work/restored.0000.secondary.bcs"

"$work/event_loop" "$work/file" README.md >"$work/ids"
"$binary" blob-id "$work/file" README.md >"$work/expected-ids"
# event_loop prints in the order in which jobs end, the command line in the order of the arguments.
diff <(cut -d' ' -f1 "$work/ids" | sort) <(cut -d' ' -f1 "$work/expected-ids" | sort)

"$work/id" "$work/file" "$work/by-cpp" | grep -qx "$id"
diff -r "$work/expected" "$work/by-cpp"
echo 'the output of the examples equals the output of the command line'
