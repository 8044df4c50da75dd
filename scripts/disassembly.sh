#!/usr/bin/env bash
# Checks the machine code of the kernels in a release binary for x86-64:
#
# - Kernels for AVX2, with or without GFNI, have no instruction in EVEX encoding. Such an instruction belongs to
#   AVX-512 and faults on processors without it. In 64-bit mode the byte 0x62 begins an EVEX prefix.
# - Kernels for AVX-512 do not move masks to general registers and do not test masks: rustc 1.95 is known to
#   miscompile some of these operations.
# - No AVX intrinsic is a function of its own. A kernel would call such a function with operands in memory.
#
# Every instruction set must have kernels for the code and for the hashes, with the instructions that give the
# set its name. Otherwise the checks would pass for a binary without kernels.
#
# Usage: scripts/disassembly.sh BINARY checks a binary. scripts/disassembly.sh --self-test BINARY checks that
# the check fails for changed machine code.
set -euo pipefail

# Reads a listing on standard input. Prints the wrong lines, and as the last line `wrong` or `ok`. With the
# argument 1 the kernels for AVX2 and AVX-512 are swapped.
check() {
    awk -v swap="${1:-0}" '
        function wrong(what) { bad++; if (bad <= 20) print what ": " $0 "\n    in " name }

        /^[0-9a-f]+ <.*>:$/ {
            name = $0; sub(/^[0-9a-f]+ </, "", name); sub(/>:$/, "", name)
            set = ""
            if (match(name, /walrus_accel::engine::cpu::isa::Avx(2|512)(F|Gfni)? as .*TargetFeatures>::run::/)) {
                set = substr(name, RSTART, RLENGTH)
                sub(/^walrus_accel::engine::cpu::isa::/, "", set); sub(/ as .*/, "", set)
            }
            avx2 = set ~ (swap ? "Avx512" : "Avx2")
            avx512 = set ~ (swap ? "Avx2" : "Avx512")
            if (name ~ /core_arch::x86(_64)?::(avx|gfni|bmi|fma)/) wrong("a function of its own")
            next
        }

        set == "" { next }

        {
            split($0, column, "\t")
            evex = column[2] ~ /^((26|2e|36|3e|64|65|67) )*62 /
            if (avx2 && evex) wrong("AVX-512 in a kernel for AVX2")
            if (avx512 && column[3] ~ /^(kmov[bwdq] +%k[0-7],%[er]|kortest|ktest|vpmov[bwdq]2m)/)
                wrong("a mask that is looked at")
            if (evex && column[3] ~ /%zmm/) wide[set]++
            if (!evex && column[3] ~ /%ymm/) half[set]++
            if (column[3] ~ /%[yz]mm/) all[set]++
            if (column[3] ~ /^vgf2p8affineqb/) affine[set]++
            if (column[3] ~ /^vpaddq.*%[yz]mm/) sums[set]++
            if (column[3] ~ /^vpsrlw.*%[yz]mm/) nibbles[set]++
        }

        END {
            name = "the whole binary"; $0 = ""
            split("Avx2 Avx2Gfni", sets, " ")
            for (i in sets) if (!half[sets[i]]) wrong("no ymm register in " sets[i])
            split("Avx512F Avx512 Avx512Gfni", sets, " ")
            for (i in sets) if (!wide[sets[i]]) wrong("no zmm register in " sets[i])
            # Only the hashes add 64-bit words. Only the code shifts nibbles, and only without GFNI.
            split("Avx2 Avx512F", sets, " ")
            for (i in sets) if (!sums[sets[i]]) wrong("no sums of a hash in " sets[i])
            split("Avx2 Avx512", sets, " ")
            for (i in sets) if (!nibbles[sets[i]]) wrong("no nibbles of the code in " sets[i])
            split("Avx2Gfni Avx512Gfni", sets, " ")
            for (i in sets) if (!affine[sets[i]]) wrong("no affine map in " sets[i])
            if (bad) print bad " wrong"
            else for (set in all) print set ": " all[set] " vector instructions"
            print bad ? "wrong" : "ok"
        }
    '
}

listing() { objdump --disassemble --demangle --wide --section=.text "$1"; }

# must_find TEXT [SWAP]: fails unless the check finds TEXT in the listing on standard input.
must_find() {
    local found
    found=$(check "${2:-0}")
    case "$found" in
        *"$1"*wrong) echo "found: $1" ;;
        *) printf 'not found: %s\n%s\n' "$1" "$found" >&2; exit 1 ;;
    esac
}

self_test() {
    local whole=$1
    must_find 'AVX-512 in a kernel for AVX2' 1 <"$whole"
    sed 's/cpu::isa::Avx2Gfni as/cpu::isa::Renamed as/' "$whole" | must_find 'no ymm register in Avx2Gfni'
    sed 's/cpu::isa::Avx512F as/cpu::isa::Renamed as/' "$whole" | must_find 'no zmm register in Avx512F'
    sed 's/vpaddq/vpxor/' "$whole" | must_find 'no sums of a hash in Avx2'
    sed 's/vpsrlw/vpxor/' "$whole" | must_find 'no nibbles of the code in Avx2'
    sed 's/vgf2p8affineqb/vpxor/' "$whole" | must_find 'no affine map in Avx2Gfni'
    must_find 'no ymm register' </dev/null
    # provoke SET BYTES INSTRUCTION TEXT: appends a function of the set with one instruction to the listing.
    provoke() {
        { cat "$whole"; printf '\n0 <<walrus_accel::engine::cpu::isa::%s as walrus_accel::engine::cpu::dispatch::TargetFeatures>::run::f>:\n  0:\t%s\t%s\n' "$1" "$2" "$3"; } |
            must_find "$4"
    }
    provoke Avx2 '62 f1 fd 48 6f c1 ' 'vmovdqa64 %zmm1,%zmm0' 'AVX-512 in a kernel for AVX2'
    provoke Avx2 '67 62 f1 7e 28 6f 00 ' 'vmovdqu32 (%eax),%ymm0' 'AVX-512 in a kernel for AVX2'
    provoke Avx2Gfni '62 a1 fd 20 ef c0 ' 'vpxorq %ymm16,%ymm16,%ymm16' 'AVX-512 in a kernel for AVX2'
    provoke Avx512F 'c5 f8 93 c1 ' 'kmovw  %k1,%eax' 'a mask that is looked at'
    provoke Avx512 'c4 e1 f8 98 c0 ' 'kortestq %k0,%k0' 'a mask that is looked at'
    provoke Avx512Gfni '62 f2 7e 48 29 c0 ' 'vpmovb2m %zmm0,%k0' 'a mask that is looked at'
    { cat "$whole"; printf '\n0 <core::core_arch::x86::avx2::_mm256_xor_si256>:\n'; } |
        must_find 'a function of its own'
}

if [ "$1" = --self-test ]; then
    whole=$(mktemp)
    trap 'rm -f "$whole"' EXIT
    listing "$2" >"$whole"
    self_test "$whole"
else
    found=$(listing "$1" | check)
    printf '%s\n' "$found"
    [ "${found##*$'\n'}" = ok ]
fi
