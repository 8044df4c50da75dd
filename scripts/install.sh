#!/usr/bin/env bash
# Builds and installs libwalrus_accel (headers, shared and static library, pkg-config files, CMake package) and
# the command walrus-accel (binary, manual pages, completions for bash, zsh and fish).
#
# Environment: PREFIX (default /usr/local), LIBDIR ($PREFIX/lib), INCLUDEDIR ($PREFIX/include), BINDIR
# ($PREFIX/bin), DATADIR ($PREFIX/share). DESTDIR is prepended to all of them. No installed file contains it.
#
# Argument: `library` installs the library only.
set -euo pipefail
what="${1:-all}"
case "$what" in
    all | library) ;;
    *) echo "$0: unknown argument \`$what\`: use \`all\` or \`library\`" >&2; exit 2 ;;
esac

absolute() { case "$1" in /*) printf %s "$1" ;; *) printf %s "$PWD/$1" ;; esac; }
prefix="$(absolute "${PREFIX:-/usr/local}")"
libdir="$(absolute "${LIBDIR:-$prefix/lib}")"
includedir="$(absolute "${INCLUDEDIR:-$prefix/include}")"
bindir="$(absolute "${BINDIR:-$prefix/bin}")"
datadir="$(absolute "${DATADIR:-$prefix/share}")"
destination="${DESTDIR:+$(absolute "$DESTDIR")}"
cd "$(dirname "$0")/.."

header=include/walrus_accel.h
# The versions come from the header. A test keeps them equal to the package's.
number() { sed -n "s/^#define WALRUS_ACCEL_$1 //p" "$header"; }
version="$(number VERSION | tr -d '"')"
abi="$(number ABI_VERSION)"

case "$(uname -s)" in
    Darwin)
        shared="libwalrus_accel.$abi.dylib" link=libwalrus_accel.dylib built=libwalrus_accel.dylib
        name="-Wl,-install_name,$libdir/$shared"
        strip=(strip -S)
        ;;
    *)
        shared="libwalrus_accel.so.$abi" link=libwalrus_accel.so built=libwalrus_accel.so
        # `nodelete`: dlclose must not unload the library, because its threads end some time after the last
        # handle is freed.
        name="-Wl,-soname,$shared -Wl,-z,nodelete"
        strip=(strip --strip-debug)
        ;;
esac

target="$(absolute "${CARGO_TARGET_DIR:-target}")"
# Builds for this machine, in the directory that the commands below read.
unset CARGO_BUILD_TARGET CARGO_BUILD_TARGET_DIR
libraries="$target/native-static-libs.txt"
mkdir -p "$target"
# With `cli`, the library's dependencies are those of the command, so they are built once.
case "$what" in all) features=capi,cli,gpu ;; library) features=capi,gpu ;; esac
cargo rustc --locked --release --lib --no-default-features --features "$features" \
    --target-dir "$target" --crate-type cdylib,staticlib -- \
    -C "link-args=$name" --print "native-static-libs=$libraries"
if [ "$what" = all ]; then
    # With the default features, a build by `cargo build --release` is reused.
    cargo build --locked --release --bin walrus-accel --target-dir "$target"
fi
private="$(tr '\n' ' ' <"$libraries" | sed 's/ *$//')"
# The libraries in CMake's form: `m` for `-lm`.
private_list="$(printf '%s' "$private" |
    sed -E 's/-framework +/-framework@/g; s/(^| )-l/\1/g; s/ +/;/g; s/@/ /g')"

# relative FROM TO: prints the relative path from the CMake package to the headers, so that the installation can be
# moved. Both paths are absolute, without `..`.
relative() {
    local common="$1" up=
    while [ "${2#"$common"/}" = "$2" ] && [ "$common" != "$2" ]; do
        common="${common%/*}" up="../$up"
    done
    [ "$common" = "$2" ] && printf %s "${up%/}" || printf %s "$up${2#"$common"/}"
}
cmake="$libdir/cmake/walrus_accel"

# Print the sed command that replaces `@NAME@` by a text, or by a path with blanks escaped for pkg-config.
set_to() { printf 's|@%s@|%s|g\n' "$1" "$(printf '%s' "$2" | sed -e 's/[\\&|]/\\&/g')"; }
path_to() { set_to "$1" "$(printf '%s' "$2" | sed -e 's/ /\\ /g')"; }
# fill TEMPLATE TARGET
fill() {
    {
        path_to PREFIX "$prefix"
        path_to LIBDIR "$libdir"
        path_to INCLUDEDIR "$includedir"
        set_to VERSION "$version"
        set_to MAJOR "$(number VERSION_MAJOR)"
        set_to MINOR "$(number VERSION_MINOR)"
        set_to PRIVATE "$private"
        set_to PRIVATE_LIST "$private_list"
        set_to SHARED "$shared"
        set_to INCLUDEDIR_FROM_HERE "$(relative "$cmake" "$includedir")"
        set_to POINTER_SIZE "$(($(getconf LONG_BIT) / 8))"
    } | sed -f /dev/stdin "packaging/$1" >"$2.new"
    chmod 644 "$2.new"
    mv "$2.new" "$2"
}

install -d "$destination$libdir/pkgconfig" "$destination$cmake" "$destination$includedir"
# put FILE TARGET MODE: renames a new file to the target, so that running programs keep the old library.
put() {
    install -m "$3" "$1" "$2.new"
    case "$2" in *.h | *.hpp) ;; *) "${strip[@]}" "$2.new" ;; esac
    mv "$2.new" "$2"
}
put "$target/release/$built" "$destination$libdir/$shared" 755
ln -sf "$shared" "$destination$libdir/$link"
put "$target/release/libwalrus_accel.a" "$destination$libdir/libwalrus_accel.a" 644
put "$header" "$destination$includedir/walrus_accel.h" 644
put bindings/cpp/walrus_accel.hpp "$destination$includedir/walrus_accel.hpp" 644
for file in walrus_accel.pc walrus_accel-static.pc; do
    fill "$file.in" "$destination$libdir/pkgconfig/$file"
done
for file in walrus_accel-config.cmake walrus_accel-config-version.cmake; do
    fill "$file.in" "$destination$cmake/$file"
done
printf 'libwalrus_accel %s is in %s\n' "$version" "$destination$prefix"

[ "$what" = all ] || exit 0
command="$target/release/walrus-accel"
install -d "$destination$bindir"
install -m 755 "$command" "$destination$bindir/walrus-accel.new"
mv "$destination$bindir/walrus-accel.new" "$destination$bindir/walrus-accel"
install -d "$destination$datadir/man/man1"
pages="$(mktemp -d)"
trap 'rm -rf "$pages"' EXIT
"$command" man --out "$pages"
install -m 644 "$pages"/*.1 "$destination$datadir/man/man1"
# complete SHELL DIRECTORY FILE
complete() {
    install -d "$destination$datadir/$2"
    "$command" completions "$1" >"$pages/completions"
    install -m 644 "$pages/completions" "$destination$datadir/$2/$3"
}
complete bash bash-completion/completions walrus-accel
complete zsh zsh/site-functions _walrus-accel
complete fish fish/vendor_completions.d walrus-accel.fish
printf 'walrus-accel %s is %s\n' "$version" "$destination$bindir/walrus-accel"
