#!/usr/bin/env bash
# Builds libwalrus_accel and installs it: headers, shared library, static library, pkg-config files and
# CMake package. In the environment: PREFIX (/usr/local unless set), LIBDIR ($PREFIX/lib), INCLUDEDIR
# ($PREFIX/include), and DESTDIR, which is put before all of them and known to none of the files.
set -euo pipefail

absolute() { case "$1" in /*) printf %s "$1" ;; *) printf %s "$PWD/$1" ;; esac; }
prefix="$(absolute "${PREFIX:-/usr/local}")"
libdir="$(absolute "${LIBDIR:-$prefix/lib}")"
includedir="$(absolute "${INCLUDEDIR:-$prefix/include}")"
destination="${DESTDIR:+$(absolute "$DESTDIR")}"
cd "$(dirname "$0")/.."

header=include/walrus_accel.h
# The versions are the header's, which a test keeps equal to the package's.
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
        # Not unloaded by dlclose: its threads end some time after what they work for was freed.
        name="-Wl,-soname,$shared -Wl,-z,nodelete"
        strip=(strip --strip-debug)
        ;;
esac

target="$(absolute "${CARGO_TARGET_DIR:-target}")"
# For this machine, and where it is looked for below.
unset CARGO_BUILD_TARGET CARGO_BUILD_TARGET_DIR
libraries="$target/native-static-libs.txt"
mkdir -p "$target"
cargo rustc --locked --release --lib --no-default-features --features capi,gpu \
    --target-dir "$target" --crate-type cdylib,staticlib -- \
    -C "link-args=$name" --print "native-static-libs=$libraries"
private="$(tr '\n' ' ' <"$libraries" | sed 's/ *$//')"
# Those that CMake is told: `-lm` as `m`.
private_list="$(printf '%s' "$private" |
    sed -E 's/-framework +/-framework@/g; s/(^| )-l/\1/g; s/ +/;/g; s/@/ /g')"

# How one gets from the CMake package to the headers, wherever all of them are moved to.
relative() { # from, to: absolute, without `..`
    local common="$1" up=
    while [ "${2#"$common"/}" = "$2" ] && [ "$common" != "$2" ]; do
        common="${common%/*}" up="../$up"
    done
    [ "$common" = "$2" ] && printf %s "${up%/}" || printf %s "$up${2#"$common"/}"
}
cmake="$libdir/cmake/walrus_accel"

# What is put in the place of `@NAME@`: as sed takes it, and a blank of a path as pkg-config does.
set_to() { printf 's|@%s@|%s|g\n' "$1" "$(printf '%s' "$2" | sed -e 's/[\\&|]/\\&/g')"; }
path_to() { set_to "$1" "$(printf '%s' "$2" | sed -e 's/ /\\ /g')"; }
fill() { # template, target
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
# Under another name first: a program that runs keeps the library that it has open.
put() { # file, target, mode
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
