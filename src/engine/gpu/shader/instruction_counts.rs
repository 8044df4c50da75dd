//! Counts of the SPIR-V instructions that `wgpu` makes of each shader, pinned by `counts.txt`.
//!
//! The counts need no device and no driver, so they tell on any machine what a change of a shader
//! costs. An entry point is counted with every call replaced by the body of its function, as
//! drivers compile it. Loops count once. An operation on a vector counts once per component, an
//! operation on 64-bit integers once.
//!
//! An array that is indexed by anything but constants does not fit into registers: drivers place it
//! in memory of the thread, unless they unroll the loop. The table has the bytes of such arrays.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use naga::back::spv;
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};

use super::modules::Shader;

/// The table, as committed.
const TABLE: &str = include_str!("counts.txt");

/// Environment variable with which the test writes the table.
const WRITE: &str = "WALRUS_ACCEL_WRITE_COUNTS";

/// Environment variable that names a directory to which a test writes the shaders.
const WRITE_SHADERS: &str = "WALRUS_ACCEL_WRITE_SHADERS";

/// Kinds of instructions, in the order of the table's columns.
#[derive(Clone, Copy)]
enum Kind {
    /// Load from a buffer.
    Load,
    /// Store to a buffer, or atomic operation on one.
    Store,
    /// Load from workgroup memory, or store to it.
    Shared,
    /// Addition, multiplication, division.
    Arithmetic,
    /// Shift, bitwise operation.
    Bits,
    /// Comparison, selection, logical operation.
    Compare,
    /// Conditional branch.
    Branch,
    /// Barrier.
    Barrier,
}

const KINDS: usize = Kind::Barrier as usize + 1;

/// Columns of the table: the kinds, then bytes.
const HEADER: [&str; KINDS + 2] = [
    "load",
    "store",
    "shared",
    "arith",
    "bits",
    "compare",
    "branch",
    "barrier",
    "workgroup",
    "private",
];

/// Counts of an entry point, or of a function.
#[derive(Clone, Default)]
struct Counts {
    instructions: [u64; KINDS],
    /// Bytes of arrays of a thread that are not in registers.
    private_bytes: u64,
}

impl Counts {
    fn add(&mut self, kind: Kind, count: u64) {
        self.instructions[kind as usize] += count;
    }

    fn add_callee(&mut self, callee: &Self) {
        for (count, more) in self.instructions.iter_mut().zip(callee.instructions) {
            *count += more;
        }
        self.private_bytes += callee.private_bytes;
    }
}

/// Instruction of a SPIR-V module: its opcode and operands.
type Instruction<'a> = (u32, &'a [u32]);

/// Returns the instructions of a module.
fn instructions(module: &[u32]) -> Vec<Instruction<'_>> {
    let mut found = Vec::new();
    let mut rest = &module[5..];
    while let Some(&first) = rest.first() {
        let (instruction, behind) = rest.split_at(first as usize >> 16);
        found.push((first & 0xffff, &instruction[1..]));
        rest = behind;
    }
    found
}

/// Storage classes of SPIR-V.
mod storage {
    pub(super) const UNIFORM: u32 = 2;
    pub(super) const WORKGROUP: u32 = 4;
    pub(super) const PRIVATE: u32 = 6;
    pub(super) const FUNCTION: u32 = 7;
    pub(super) const BUFFER: u32 = 12;
}

/// Opcodes of SPIR-V.
mod op {
    pub(super) const ENTRY_POINT: u32 = 15;
    pub(super) const TYPE_BOOL: u32 = 20;
    pub(super) const TYPE_INT: u32 = 21;
    pub(super) const TYPE_VECTOR: u32 = 23;
    pub(super) const TYPE_ARRAY: u32 = 28;
    pub(super) const TYPE_STRUCT: u32 = 30;
    pub(super) const TYPE_POINTER: u32 = 32;
    pub(super) const CONSTANT: u32 = 43;
    pub(super) const FUNCTION: u32 = 54;
    pub(super) const FUNCTION_CALL: u32 = 57;
    pub(super) const VARIABLE: u32 = 59;
    pub(super) const LOAD: u32 = 61;
    pub(super) const STORE: u32 = 62;
    pub(super) const ACCESS_CHAIN: u32 = 65;
    pub(super) const BRANCH_CONDITIONAL: u32 = 250;
    pub(super) const SWITCH: u32 = 251;
}

/// Types, constants and pointers of a module.
#[derive(Default)]
struct Names<'a> {
    types: HashMap<u32, Instruction<'a>>,
    constants: HashMap<u32, u32>,
    /// Types of the results of variables and access chains.
    pointers: HashMap<u32, u32>,
    /// Bytes of the variables of threads.
    variables: HashMap<u32, u64>,
}

impl<'a> Names<'a> {
    fn new(instructions: &[Instruction<'a>]) -> Self {
        let mut names = Self::default();
        for &(code, operands) in instructions {
            match code {
                op::TYPE_BOOL..=op::TYPE_POINTER => {
                    names.types.insert(operands[0], (code, &operands[1..]));
                }
                op::CONSTANT => {
                    names.constants.insert(operands[1], operands[2]);
                }
                op::VARIABLE | op::ACCESS_CHAIN => {
                    names.pointers.insert(operands[1], operands[0]);
                }
                _ => {}
            }
            if code == op::VARIABLE && matches!(operands[2], storage::PRIVATE | storage::FUNCTION) {
                let (_, pointer) = names.types[&operands[0]];
                names.variables.insert(operands[1], names.bytes(pointer[1]));
            }
        }
        names
    }

    /// Returns the bytes of a type without padding.
    fn bytes(&self, id: u32) -> u64 {
        let (code, operands) = self.types[&id];
        match code {
            op::TYPE_INT => u64::from(operands[0]) / 8,
            op::TYPE_VECTOR => self.bytes(operands[0]) * u64::from(operands[1]),
            op::TYPE_ARRAY => self.bytes(operands[0]) * u64::from(self.constants[&operands[1]]),
            op::TYPE_STRUCT => operands.iter().map(|&member| self.bytes(member)).sum(),
            _ => 4,
        }
    }

    /// Returns the components of a type.
    fn components(&self, id: u32) -> u64 {
        match self.types[&id] {
            (op::TYPE_VECTOR, operands) => operands[1].into(),
            _ => 1,
        }
    }

    /// Returns the kind of accesses through a pointer. `None`: registers.
    fn access(&self, pointer: u32, is_store: bool) -> Option<Kind> {
        // A pointer that is no variable and no access chain is a function's parameter.
        let (_, pointer) = self.types[self.pointers.get(&pointer)?];
        match pointer[0] {
            storage::UNIFORM | storage::BUFFER if is_store => Some(Kind::Store),
            storage::UNIFORM | storage::BUFFER => Some(Kind::Load),
            storage::WORKGROUP => Some(Kind::Shared),
            _ => None,
        }
    }
}

/// Returns the kind of an instruction without side effects.
fn kind(code: u32) -> Option<Kind> {
    match code {
        // Extended instructions: least and largest values, bits.
        12 | 126..=152 => Some(Kind::Arithmetic),
        154..=190 => Some(Kind::Compare),
        194..=205 => Some(Kind::Bits),
        _ => None,
    }
}

/// Counts the only entry point of a module.
fn count(module: &[u32]) -> Counts {
    let instructions = instructions(module);
    let names = Names::new(&instructions);
    let mut functions: HashMap<u32, (Counts, Vec<u32>)> = HashMap::new();
    let (mut entry, mut current) = (0, 0);
    let mut in_memory = HashSet::new();
    for (code, operands) in instructions {
        match code {
            op::ENTRY_POINT => entry = operands[1],
            op::FUNCTION => current = operands[1],
            _ => {}
        }
        let (counts, calls) = functions.entry(current).or_default();
        match code {
            op::FUNCTION_CALL => calls.push(operands[2]),
            op::LOAD => {
                if let Some(kind) = names.access(operands[2], false) {
                    counts.add(kind, 1);
                }
            }
            op::STORE => {
                if let Some(kind) = names.access(operands[0], true) {
                    counts.add(kind, 1);
                }
            }
            op::ACCESS_CHAIN => {
                let (base, indices) = (operands[2], &operands[3..]);
                let is_constant = |index: &u32| names.constants.contains_key(index);
                if let Some(bytes) = names.variables.get(&base)
                    && !indices.iter().all(is_constant)
                    && in_memory.insert(base)
                {
                    counts.private_bytes += bytes;
                }
            }
            op::BRANCH_CONDITIONAL | op::SWITCH => counts.add(Kind::Branch, 1),
            224 | 225 => counts.add(Kind::Barrier, 1),
            227..=242 => counts.add(Kind::Store, 1),
            _ => {
                if let Some(kind) = kind(code) {
                    counts.add(kind, names.components(operands[0]));
                }
            }
        }
    }
    inlined(&functions, entry)
}

/// Returns the counts of a function with its calls.
fn inlined(functions: &HashMap<u32, (Counts, Vec<u32>)>, id: u32) -> Counts {
    let (counts, calls) = &functions[&id];
    let mut counts = counts.clone();
    calls
        .iter()
        .for_each(|&callee| counts.add_callee(&inlined(functions, callee)));
    counts
}

/// Returns the line of a shader in the table.
fn line(shader: Shader) -> String {
    let source = shader.source();
    let module = naga::front::wgsl::parse_str(&source).expect("a valid shader");
    let flags = naga::valid::ValidationFlags::all();
    let capabilities = naga::valid::Capabilities::SHADER_INT64;
    let info = naga::valid::Validator::new(flags, capabilities).validate(&module);
    // As `wgpu` sets them for `Pipeline`, on a Vulkan device.
    let options = spv::Options {
        lang_version: (1, 3),
        flags: spv::WriterFlags::empty(),
        bounds_check_policies: BoundsCheckPolicies {
            index: BoundsCheckPolicy::Unchecked,
            buffer: BoundsCheckPolicy::Unchecked,
            image_load: BoundsCheckPolicy::Unchecked,
            binding_array: BoundsCheckPolicy::Unchecked,
        },
        force_loop_bounding: false,
        emit_int_div_checks: false,
        zero_initialize_workgroup_memory: spv::ZeroInitializeWorkgroupMemoryMode::None,
        ..spv::Options::default()
    };
    let words = spv::write_vec(&module, &info.expect("a valid shader"), &options, None);
    let counts = count(&words.expect("SPIR-V of a valid shader"));
    let shared = module.global_variables.iter().filter_map(|(_, variable)| {
        let workgroup = variable.space == naga::AddressSpace::WorkGroup;
        workgroup.then(|| module.types[variable.ty].inner.size(module.to_ctx()))
    });
    let columns = counts.instructions.into_iter();
    let columns = columns.chain([shared.sum::<u32>().into(), counts.private_bytes]);
    row(&shader.label(), columns)
}

/// Returns a row of the table.
fn row(label: &str, columns: impl IntoIterator<Item: std::fmt::Display>) -> String {
    let mut line = format!("{label:<32}");
    for (column, name) in columns.into_iter().zip(HEADER) {
        write!(line, " {column:>width$}", width = name.len().max(6)).expect("memory");
    }
    line
}

/// Returns the whole table.
fn table() -> String {
    let mut table = row("# shader", HEADER) + "\n";
    for shader in Shader::variants() {
        table += &line(shader);
        table.push('\n');
    }
    table
}

#[test]
fn shaders_have_the_counts_of_the_table() {
    let found = table();
    println!("{found}");
    if std::env::var_os(WRITE).is_some() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/engine/gpu/shader/counts.txt"
        );
        std::fs::write(path, &found).expect("the table can be written");
        return;
    }
    let committed: HashSet<_> = TABLE.lines().collect();
    let differing: Vec<_> = found
        .lines()
        .filter(|line| !committed.contains(line))
        .collect();
    assert!(
        found == TABLE,
        "the counts of these shaders differ from src/engine/gpu/shader/counts.txt. If the change \
         is meant, write the table with {WRITE}=1 and give the reason in the commit:\n{}",
        differing.join("\n")
    );
}

/// Writes the source of each shader, for tools such as `scripts/gpu-sass.py`.
#[test]
fn shaders_are_written_on_demand() {
    let Some(directory) = std::env::var_os(WRITE_SHADERS) else {
        return;
    };
    let directory = std::path::Path::new(&directory);
    for shader in Shader::variants() {
        let path = directory.join(shader.label() + ".wgsl");
        std::fs::write(path, shader.source()).expect("the directory can be written");
    }
}

#[test]
fn arrays_that_a_loop_indexes_are_in_memory() {
    let counts = |body: &str| {
        let source = format!(
            "@group(0) @binding(0) var<storage, read_write> data: array<u32>;
            fn double(x: u32) -> u32 {{ return x + x; }}
            @compute @workgroup_size(1) fn main() {{ {body} }}"
        );
        let module = naga::front::wgsl::parse_str(&source).unwrap();
        let flags = naga::valid::ValidationFlags::all();
        let capabilities = naga::valid::Capabilities::empty();
        let info = naga::valid::Validator::new(flags, capabilities)
            .validate(&module)
            .unwrap();
        let options = spv::Options {
            force_loop_bounding: false,
            ..spv::Options::default()
        };
        count(&spv::write_vec(&module, &info, &options, None).unwrap())
    };
    let by_loop = counts(
        "var kept: array<vec2<u32>, 5>;
        for (var i = 0u; i < 5u; i += 1u) { kept[i].x = data[i]; }
        data[0] = kept[1].x;",
    );
    assert_eq!(by_loop.private_bytes, 40);
    let by_constants = counts(
        "var kept: array<vec2<u32>, 5>;
        kept[3] = vec2<u32>(data[7], 1u);
        data[0] = double(double(kept[3].x)) ^ kept[2].y;",
    );
    assert_eq!(by_constants.private_bytes, 0);
    // One load, one store, two additions by calls, one exclusive or.
    assert_eq!(by_constants.instructions, [1, 1, 0, 2, 1, 0, 0, 0]);
}
