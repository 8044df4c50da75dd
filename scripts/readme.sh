#!/usr/bin/env bash
# Runs all commands of the README in order, in one shell, in a fresh clone of this tree. Every command must end
# with 0, or with the exit code that a comment after the command names. Three things differ from the README:
#
# - the repository's address and the installation prefix,
# - the input files, which this script creates,
# - the profile of the first build: `release` instead of `quick`, so that the installation reuses the build.
#   The two profiles differ in link-time optimization and codegen units.
#
# Argument: the installation prefix, which is kept. Default: a temporary directory.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
missing=()
command -v git >/dev/null || missing+=(git)
command -v make >/dev/null || missing+=(make)
command -v cc >/dev/null || missing+=(gcc libc6-dev)
command -v c++ >/dev/null || missing+=(g++)
command -v pkg-config >/dev/null || missing+=(pkg-config)
install_missing "${missing[@]}"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
prefix="${1:-$work/p}"
mkdir -p "$prefix"
prefix="$(realpath "$prefix")"
# All builds share one target directory.
target="${CARGO_TARGET_DIR:-target}"
CARGO_TARGET_DIR="$(realpath -m "$target")"
export CARGO_TARGET_DIR
# A repository with all files of this tree, committed or not, except files that git ignores.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
repository="$work/repository"
git init --quiet "$repository"
if git rev-parse --git-dir >/dev/null 2>&1; then
    git ls-files -z --cached --others --exclude-standard
else
    find . -type f -not -path './target/*' -print0
fi | while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    tar --create --null --files-from - | tar --extract --directory "$repository"
git -C "$repository" add --all --force
git -C "$repository" -c user.name=test -c user.email=test commit --quiet --message 'Working tree'

# The command line contains the commit's name. It is the same in all builds, so that they are shared.
WALRUS_ACCEL_COMMIT="$(git -C "$repository" rev-parse --short=12 HEAD)"
export WALRUS_ACCEL_COMMIT

# Fails if the profile does not exist. Compiles one small crate only.
cargo check --quiet --locked --profile quick --package pollster

# The README's blocks of commands. The input files are created after the first `cd`.
grep -q '^cargo run --profile quick ' README.md ||
    { echo 'README.md: no command begins with "cargo run --profile quick"' >&2; exit 1; }
awk '/^```sh$/ { copy = 1; next } /^```$/ { copy = 0 } copy' README.md |
    sed "s|/tmp/p|$prefix|g; s|REPOSITORY|$repository|" |
    sed 's|^cargo run --profile quick |cargo run --release |' >"$work/commands"
[ "$(wc -l <"$work/commands")" -ge 30 ] || { echo 'README.md: fewer than 30 lines of commands' >&2; exit 1; }
{
    echo 'set -euo pipefail'
    while IFS= read -r line; do
        # Prints each command before it runs. The lines of a loop are not printed.
        case "$line" in
            '' | ' '* | 'done'* | 'for '*) ;;
            *) printf 'printf "\\n$ %%s\\n" %q\n' "$line" ;;
        esac
        case "$line" in
            *'# exit code 1: '*)
                printf 'code=0; { %s\n} 2>message || code=$?\n' "$line"
                printf 'cat message; [ $code = 1 ]; grep -qF %q message\n' "${line##*'# exit code 1: '}"
                ;;
            *) printf '%s\n' "$line" ;;
        esac
        case "$line" in
            'cd walrus-accel')
                printf 'head -c 5000003 /dev/urandom >model.safetensors\n'
                printf 'head -c 30000000 /dev/urandom >huge.tar\n'
                printf 'head -c 10000 /dev/urandom >one.bin; head -c 20000 /dev/urandom >two.bin\n'
                # shellcheck disable=SC2016 # The quotes are awk's.
                printf '%s\n' 'awk "/^\`\`\`cpp\$/ { copy = 1; next } /^\`\`\`\$/ { copy = 0 } copy" README.md >id.cpp'
                ;;
        esac
    done <"$work/commands"
    # Compares outputs with inputs.
    cat <<'END'
cmp model.safetensors restored.bin
cmp README.md restored
diff -r docs back
diff -r from-c from-cpp
test "$(ls from-c)" = "$(walrus-accel blob-id --no-names README.md)"
./id 2>/dev/null && exit 1
test "$(git status --porcelain --untracked-files=no)" = ""
END
} >"$work/run"
cd "$work"
bash "$work/run"
echo 'all commands of the README succeeded'
