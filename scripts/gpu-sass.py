#!/usr/bin/env python3
"""Counts what NVIDIA's compiler makes of the shaders, without a graphics card.

Usage: gpu-sass.py OUT FILE.wgsl...

Prints to OUT one line per shader and one per loop that is left after unrolling: SASS instructions of the text by kind,
registers, bytes of stack and of workgroup memory, and the share of a multiprocessor's threads that fit (theoretical
occupancy). An outer loop includes its inner loops.

`naga` (crate naga-cli) translates a shader to Metal's language, the shim below makes CUDA of it, and `nvcc`, `cuobjdump`
and `nvdisasm` do the rest. All four must be on the PATH. `make gpu-sass` writes the shaders and runs this script. The
build and the tests need none of it. A driver's compiler for Vulkan may give other counts.
"""

import collections
import os
import re
import subprocess
import sys
import tempfile

ARCHITECTURE = "sm_90"

# A multiprocessor of that architecture.
REGISTERS = 65536
THREADS = 2048
BLOCKS = 32
SHARED = 228 << 10
SHARED_PER_BLOCK = 1 << 10

# Instructions of the shortest loop that counts. Code ends with a branch to itself.
LOOP_MIN = 3

# Swizzles become methods, so that this needs no language but C++.
SHIM = """
typedef unsigned int uint;
#define DEVICE __device__ __forceinline__
namespace metal {
typedef ::uint uint;
template <int N> struct Bits { bool v[N]; };
template <typename T, int N> struct Values;
template <typename T> struct __align__(8) Values<T, 2> {
  T x, y;
  DEVICE Values() {}
  DEVICE constexpr explicit Values(T a) : x(a), y(a) {}
  DEVICE constexpr Values(T a, T b) : x(a), y(b) {}
};
template <typename T> struct Values<T, 3> {
  T x, y, z;
  DEVICE constexpr Values(T a, T b, T c) : x(a), y(b), z(c) {}
};
template <typename T> struct __align__(16) Values<T, 4> {
  T x, y, z, w;
  DEVICE Values() {}
  DEVICE constexpr explicit Values(T a) : x(a), y(a), z(a), w(a) {}
  DEVICE constexpr Values(T a, T b, T c, T d) : x(a), y(b), z(c), w(d) {}
  DEVICE T& operator[](uint i) { return (&x)[i]; }
  DEVICE const T& operator[](uint i) const { return (&x)[i]; }
SWIZZLES
};
#define OPERATOR(op) \\
  template <typename T> DEVICE Values<T, 2> operator op(Values<T, 2> a, Values<T, 2> b) { \\
    return Values<T, 2>(a.x op b.x, a.y op b.y); } \\
  template <typename T> DEVICE Values<T, 4> operator op(Values<T, 4> a, Values<T, 4> b) { \\
    return Values<T, 4>(a.x op b.x, a.y op b.y, a.z op b.z, a.w op b.w); }
template <typename T> DEVICE Values<T, 2> operator~(Values<T, 2> a) { return Values<T, 2>(~a.x, ~a.y); }
template <typename T> DEVICE Values<T, 4> operator~(Values<T, 4> a) {
  return Values<T, 4>(~a.x, ~a.y, ~a.z, ~a.w); }
OPERATOR(^) OPERATOR(|) OPERATOR(&) OPERATOR(<<) OPERATOR(>>) OPERATOR(+) OPERATOR(-)
DEVICE Values<int, 4> operator>>(Values<int, 4> a, Values<uint, 4> b) {
  return Values<int, 4>(a.x >> b.x, a.y >> b.y, a.z >> b.z, a.w >> b.w); }
typedef Values<uint, 2> uint2;
typedef Values<uint, 3> uint3;
typedef Values<uint, 4> uint4;
typedef Values<int, 4> int4;
DEVICE uint min(uint a, uint b) { return a < b ? a : b; }
DEVICE uint popcount(uint a) { return __popc(a); }
template <typename T> DEVICE T select(T a, T b, bool c) { return c ? b : a; }
namespace mem_flags { static constexpr int mem_threadgroup = 0; }
DEVICE void threadgroup_barrier(int) { __syncthreads(); }
static constexpr int memory_order_relaxed = 0;
typedef uint atomic_uint;
DEVICE uint atomic_fetch_xor_explicit(uint* p, uint v, int) { return atomicXor(p, v); }
}
template <typename A, typename B> DEVICE A as_type(B b) {
  A a; static_assert(sizeof(a) == sizeof(b), "bits"); memcpy(&a, &b, sizeof(a)); return a; }
"""


def cuda(metal, threads):
    """Returns the name of the entry point of a shader in Metal's language, and the shader in CUDA's."""
    text = re.sub(r"#include <(metal_stdlib|simd/simd.h)>|using metal::uint;|\[\[.*?\]\]", "", metal)
    # naga bounds each loop; the engine's shaders run without.
    text = re.sub(
        r"\n\s*if \(metal::all\(loop_bound\S* == uint2\(0u\)\)\) \{ break; \}"
        r"\n\s*loop_bound\S* -= uint2\(loop_bound\S*\.y == 0u, 1u\);", "", text)
    text = re.sub(r"\n\s*uint2 loop_bound\S* = uint2\(4294967295u\);", "", text)
    text = text.replace("LOOP_IS_REACHABLE", "")
    # Zeroing of workgroup memory is off, too.
    text = re.sub(
        r"\n    if \(\w+ == 0u\) \{(?:\s*\w+ = \{\};)+\s*\}\s*metal::threadgroup_barrier\([^;]*;", "", text)
    text = re.sub(r"typedef (\S+) (type_\d+)\[1\];", r"typedef \1 \2[1 << 28];", text)
    text = re.sub(r"^constant (\w+|metal::\w+) (\w+) =", r"static constexpr \1 \2 =", text, flags=re.M)
    text = re.sub(r"\bconstant ", "const ", text)
    text = re.sub(r"\bdevice ", "", text)
    workgroup = re.findall(r"\bthreadgroup \w+& (\w+)", text)
    text = re.sub(r"\bthreadgroup (?=\w)", "", text)
    swizzles = sorted(set(re.findall(r"\.([xyzw]{2,4})\b", text)))
    text = re.sub(r"\.([xyzw]{2,4})\b", r".\1()", text)
    kernel = re.search(r"^\s*kernel void (\w+)\(\n(.*?)\n\) \{", text, flags=re.M | re.S)
    name = kernel.group(1)
    body = "DEVICE void body_of_%s(\n%s\n) {" % (name, kernel.group(2))
    text = text.replace(kernel.group(0), body)
    function = r"^(?!DEVICE|struct|static|typedef|\}|\s|using|//|namespace)([\w:]+(?: \w+)*) (\w+)\((?=\)|\n|\w)"
    text = re.sub(function, r"DEVICE \1 \2(", text, flags=re.M)
    signature, call, before = [], [], []
    for parameter in (line.strip().lstrip(",").strip() for line in kernel.group(2).split("\n")):
        index = re.match(r"(metal::uint3|uint) (\w+)$", parameter)
        value = re.match(r"const (\w+)& (\w+)$", parameter)
        read = re.match(r"(\w+) const& (\w+)$", parameter)
        write = re.match(r"(\w+)& (\w+)$", parameter)
        if index:
            if "workgroup" in index.group(2):
                call.append("metal::uint3(blockIdx.x, blockIdx.y, blockIdx.z)")
            elif index.group(1) == "metal::uint3":
                call.append("metal::uint3(blockIdx.x * blockDim.x + threadIdx.x, blockIdx.y, blockIdx.z)")
            else:
                call.append("threadIdx.x")
        elif value:
            signature.append("const %s %s" % value.groups())
            call.append(value.group(2))
        elif read:
            signature.append("const %s* __restrict__ %s" % read.groups())
            call.append("*" + read.group(2))
        elif write and write.group(2) in workgroup:
            before.append("__shared__ %s %s;" % write.groups())
            call.append(write.group(2))
        elif write:
            signature.append("%s* __restrict__ %s" % write.groups())
            call.append("*" + write.group(2))
        else:
            raise SystemExit("unknown parameter: " + parameter)
    text += "\nextern \"C\" __global__ void __launch_bounds__(%d) %s(%s) {\n%s\nbody_of_%s(%s);\n}\n" % (
        threads, name, ", ".join(signature), " ".join(before), name, ", ".join(call))
    methods = "\n".join(
        "  DEVICE Values<T, %d> %s() const { return Values<T, %d>(%s); }" % (len(s), s, len(s), ", ".join(s))
        for s in swizzles)
    shim = SHIM.replace("SWIZZLES", methods)
    pair_methods = "\n".join(
        "  DEVICE Values<T, %d> %s() const { return Values<T, %d>(%s); }" % (len(s), s, len(s), ", ".join(s))
        for s in swizzles if set(s) <= set("xy"))
    shim = shim.replace("  DEVICE constexpr Values(T a, T b) : x(a), y(b) {}",
                        "  DEVICE constexpr Values(T a, T b) : x(a), y(b) {}\n" + pair_methods)
    return name, shim + text


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def kind(opcode):
    opcode = opcode.split(".")[0]
    kinds = {
        "LDG": "load", "STG": "store", "RED": "store", "ATOMG": "store", "LDS": "shared", "STS": "shared",
        "LDL": "local", "STL": "local", "BAR": "barrier", "LOP3": "bits", "SHF": "bits", "LEA": "bits",
        "IMAD": "multiply", "IADD3": "add", "ISETP": "compare", "BRA": "branch",
    }
    return kinds.get(opcode, "other")


def listing(sass):
    """Returns labels and instructions in order: (label, None, None) or (None, opcode, operands)."""
    found = []
    for line in sass.split("\n"):
        label = re.match(r"^(\.L_x_\d+):", line.strip())
        if label:
            found.append((label.group(1), None, None))
        code = re.search(r"/\*[0-9a-f]{4,5}\*/\s+(?:@!?U?P\w+ )?\s*([A-Z][A-Z0-9_.]+)(.*?);", line)
        if code and code.group(1) != "NOP":
            found.append((None, code.group(1), code.group(2)))
    return found


def count(instructions):
    kinds = collections.Counter(kind(opcode) for _, opcode, _ in instructions if opcode)
    return sum(kinds.values()), kinds


def loops(instructions):
    """Returns the parts that a backward branch repeats, as ranges."""
    places = {label: i for i, (label, _, _) in enumerate(instructions) if label}
    found = {}
    for i, (_, opcode, operands) in enumerate(instructions):
        target = re.search(r"`\((\.L_x_\d+)\)", operands or "")
        if opcode and opcode.startswith("BRA") and target and places.get(target.group(1), i) < i:
            found[places[target.group(1)]] = i
    return sorted(found.items())


COLUMNS = ["load", "store", "shared", "barrier", "bits", "multiply", "add", "compare", "branch", "local", "other"]


def line(label, total, kinds, rest=()):
    return "%-34s %6d" % (label, total) + "".join(" %8d" % kinds[name] for name in COLUMNS) + "".join(
        " %9s" % value for value in rest)


def occupancy(threads, registers, shared):
    warps = -(-threads // 32)
    per_block = warps * -(-registers * 32 // 256) * 256
    blocks = min(BLOCKS, REGISTERS // per_block, THREADS // (32 * warps), SHARED // (shared + SHARED_PER_BLOCK))
    return "%d%%" % (100 * blocks * 32 * warps // THREADS)


def report(path):
    label = os.path.basename(path)[: -len(".wgsl")]
    with open(path) as file:
        threads = int(re.search(r"const THREADS: u32 = (\d+)u;", file.read()).group(1))
    with tempfile.TemporaryDirectory() as scratch:
        metal, text, cubin = (os.path.join(scratch, name) for name in ("it.metal", "it.cu", "it.cubin"))
        run("naga", path, metal)
        with open(metal) as file:
            name, source = cuda(file.read(), threads)
        with open(text, "w") as file:
            file.write(source)
        run("nvcc", "-std=c++17", "-w", "-arch=" + ARCHITECTURE, "-cubin", "-o", cubin, text)
        usage = run("cuobjdump", "-res-usage", cubin)
        sass = run("nvdisasm", "-c", cubin)
    usage = re.search(r"Function %s:\s*\n?\s*REG:(\d+) STACK:(\d+) SHARED:(\d+)" % name, usage)
    registers, stack, shared = map(int, usage.groups())
    # A block's own part is included if there is other workgroup memory.
    shared = max(shared - SHARED_PER_BLOCK, 0)
    instructions = listing(sass)
    total, kinds = count(instructions)
    lines = [line(label, total, kinds, (registers, stack, shared, occupancy(threads, registers, shared)))]
    for first, last in loops(instructions):
        total, kinds = count(instructions[first : last + 1])
        if total >= LOOP_MIN:
            lines.append(line("  loop", total, kinds).rstrip())
    return lines


def main():
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    header = "%-34s %6s" % ("# shader (%s)" % ARCHITECTURE, "SASS") + "".join(" %8s" % name for name in COLUMNS)
    lines = [header + "".join(" %9s" % name for name in ("registers", "stack", "workgroup", "occupancy"))]
    for path in sys.argv[2:]:
        try:
            lines += report(path)
        except subprocess.CalledProcessError as error:
            raise SystemExit("%s: %s" % (path, error.stderr))
    with open(sys.argv[1], "w") as file:
        file.write("\n".join(lines) + "\n")


main()
