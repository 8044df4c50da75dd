//! Comparison of the entry points of the code: `extend` and `restore`.

use super::super::extend::extend;
use super::super::restore::restore;
use super::*;
use crate::code::{Code, Rate};
use crate::engine::gpu::decode::DecodePlan;
use crate::engine::gpu::shader::parameters::{ExtendParameters, RestoreParameters};

/// Bytes of workgroup memory that every device has.
const HALF: u32 = 16 << 10;
/// Bytes of workgroup memory that most devices have.
const FULL: u32 = 32 << 10;

/// Returns counts of source and recovery symbols whose transforms have `points` points.
fn counts(random: &mut Random, points: u32) -> Vec<(u32, u32)> {
    let few = points / 2 + 1..=points;
    let many = points + 1..=4 * points;
    let mut counts = vec![
        // Both rates, with several blocks of points.
        (random.within(many.clone()), random.within(few.clone())),
        (random.within(few.clone()), random.within(many.clone())),
        // Whole blocks.
        (3 * points, points),
        (points, 3 * points),
        // Equal powers of two, where the rate changes.
        (points, points),
    ];
    if points > 2 {
        let fewer = random.within(points / 2 + 1..=points - 1);
        counts.extend([(fewer, points), (points, fewer)]);
    }
    counts
}

/// Returns the shaders for numbers of points and bytes of workgroup memory, each once, without the
/// shaders that exceed the device's workgroup memory.
fn extenders(bench: &Bench, variants: impl IntoIterator<Item = (u32, u32)>) -> Vec<Shader> {
    let available = bench.device().limits.max_compute_workgroup_storage_size;
    let mut shaders = Vec::new();
    for (points, bytes) in variants {
        let shader = Shader::extend(points as usize, bytes).expect("a lane at least");
        if bytes <= available && !shaders.contains(&shader) {
            shaders.push(shader);
        }
    }
    shaders
}

#[test]
fn extend_does_what_its_twin_does() {
    let Some(bench) = Bench::new() else { return };
    // No layers, single layers, three at a time, and both; whole chunks and parts of chunks. A
    // software device takes seconds to compile each.
    let variants = [(1, FULL), (4, FULL), (512, FULL), (1024, HALF)];
    try_extend(&bench, extenders(&bench, variants));
}

#[test]
#[ignore = "minutes: make exhaustive"]
fn exhaustive_extend_with_all_points() {
    let Some(bench) = Bench::new() else { return };
    let all = (0..=10).flat_map(|layers| [(1 << layers, HALF), (1 << layers, FULL)]);
    // The most points that fit, with one lane.
    let all = all.chain([(HALF / 8, HALF), (FULL / 8, FULL)]);
    try_extend(&bench, extenders(&bench, all));
}

fn try_extend(bench: &Bench, shaders: Vec<Shader>) {
    let random = &mut Random(1);
    for shader in shaders {
        let Shader::Extend { layers, lanes } = shader else {
            unreachable!("a shader that extends")
        };
        let points = 1 << layers;
        for (original, recovery) in counts(random, points) {
            let code = Code::new(original as usize, recovery as usize);
            assert_eq!(code.chunk, points as usize);
            let labels = table(code.encode_work() + code.chunk);
            let groups = [
                random.within(1..=24 / lanes),
                random.within(1..=3.min(1 + 1000 / points)),
            ];
            let words = (groups[0] * lanes).div_ceil(8) * 16;
            let first = [random.within(0..=2), random.within(0..=2)];
            let from = Spread::new(random, first[0] + groups[1], original, words);
            // One codeword more than is written.
            let to = Spread::new(random, first[1] + groups[1] + 1, recovery, words);
            let job = ExtendParameters {
                original,
                recovery,
                low_rate: (code.rate == Rate::Low).into(),
                first_codeword: first[0],
                first_recovery_codeword: first[1],
                source_codeword: from.codeword,
                source_symbol: from.item,
                recovery_codeword: to.codeword,
                recovery_symbol: to.item,
            };
            let reach = reach(&job, shader, groups);
            assert_eq!(reach[0], labels.len(), "the last factor");
            let mut source = random.words(from.all);
            source.truncate(reach[1]);
            let mut recovered = random.words(to.all);
            let buffers = [&labels, &source, &recovered].map(|words| bench.buffer(words));
            bench.run(shader, &job, &buffers.each_ref(), groups);
            let written = &mut recovered[..reach[2]];
            extend(&job, groups[1], groups[0] * lanes, &source, written);
            let what = format!("{shader:?}, {original} + {recovery}, {groups:?} workgroups");
            bench.expect(&buffers[2], &recovered, &what);
        }
    }
}

#[test]
fn restore_does_what_its_twin_does() {
    let Some(bench) = Bench::new() else { return };
    let variants = [(1, FULL), (4, FULL), (512, FULL), (1024, HALF)];
    try_restore(&bench, extenders(&bench, variants));
}

#[test]
#[ignore = "minutes: make exhaustive"]
fn exhaustive_restore_with_all_points() {
    let Some(bench) = Bench::new() else { return };
    let all = (0..=10).flat_map(|layers| [(1 << layers, HALF), (1 << layers, FULL)]);
    let all = all.chain([(HALF / 8, HALF), (FULL / 8, FULL)]);
    try_restore(&bench, extenders(&bench, all));
}

fn try_restore(bench: &Bench, extenders: Vec<Shader>) {
    let random = &mut Random(5);
    for shader in extenders {
        let Shader::Extend { layers, lanes } = shader else {
            unreachable!("a shader that extends")
        };
        let shader = Shader::Restore { layers, lanes };
        for (original, recovery) in counts(random, 1 << layers) {
            let code = Code::new(original as usize, recovery as usize);
            // Random symbols in random order.
            let mut given: Vec<_> = (0..code.original + code.recovery).collect();
            given.sort_by_cached_key(|_| random.next());
            given.truncate(code.original);
            let plan = DecodePlan::of(code, given.clone());
            let groups = [
                random.within(1..=24 / lanes),
                random.within(1..=3.min(1 + 1000 / code.chunk as u32)),
            ];
            let words = (groups[0] * lanes).div_ceil(8) * 16;
            let first = [random.within(0..=2), random.within(0..=2)];
            let from = Spread::new(random, first[0] + groups[1], original, words);
            let to = Spread::new(random, first[1] + groups[1] + 1, original, words);
            let mut source = random.words(from.all);
            let words = plan.blocks.first().map(|&block| {
                let job = RestoreParameters {
                    source_codeword: from.codeword,
                    source_symbol: from.item,
                    first_codeword: first[0],
                    ..plan.job(block)
                };
                reach(&job, shader, groups)[2]
            });
            source.truncate(words.unwrap_or(source.len()));
            let mut restored = random.words(to.all);
            let inputs = [&plan.factors, &plan.positions, &source, &restored];
            let buffers = inputs.map(|words| bench.buffer(words));
            for &block in &plan.blocks {
                let job = RestoreParameters {
                    first_codeword: first[0],
                    first_restored_codeword: first[1],
                    source_codeword: from.codeword,
                    source_symbol: from.item,
                    restored_codeword: to.codeword,
                    restored_symbol: to.item,
                    ..plan.job(block)
                };
                bench.run(shader, &job, &buffers.each_ref(), groups);
                let reach = reach(&job, shader, groups);
                restore(
                    &job,
                    (code, &given),
                    [groups[1], groups[0] * lanes],
                    &plan.positions[..reach[1]],
                    &source,
                    &mut restored[..reach[3]],
                );
            }
            let what = format!("{shader:?}, {original} + {recovery}, {groups:?} workgroups");
            bench.expect(&buffers[3], &restored, &what);
        }
    }
}
