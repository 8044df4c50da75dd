//! Comparison of the entry points of the code: `extend` and `restore`.

use super::super::extend::extend;
use super::super::restore::restore;
use super::*;
use crate::code::{Code, Rate};
use crate::engine::gpu::decode::DecodePlan;
use crate::engine::gpu::shader::modules::WorkgroupLimits;
use crate::engine::gpu::shader::parameters::{ExtendParameters, RestoreParameters};

/// Bytes of workgroup memory that every device has.
const HALF: u32 = 16 << 10;
/// Bytes of workgroup memory that most devices have.
const FULL: u32 = 32 << 10;

/// Returns counts of source and recovery symbols whose transforms have `points` points.
fn counts(random: &mut Random, points: u32) -> Vec<(u32, u32)> {
    let few = points / 2 + 1..=points;
    let many = points + 1..=3 * points;
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
    if points > 1 {
        // A second block with half of its symbols at most.
        let half = points + 1..=points + points / 2;
        counts.extend([
            (random.within(half.clone()), random.within(few.clone())),
            (random.within(few.clone()), random.within(half)),
            (points + points / 2, points),
            (points, points + points / 2),
        ]);
    }
    counts
}

/// Number of points, and bytes of workgroup memory.
type Variant = (u32, u32);

/// Returns the limits of workgroups for a variant. `None` if the device has less.
fn limits(bench: &Bench, (_, bytes): Variant) -> Option<WorkgroupLimits> {
    let device = &bench.device().limits;
    let available = device.max_compute_workgroup_storage_size;
    (bytes <= available).then(|| WorkgroupLimits::new(bytes, device))
}

#[test]
fn extend_does_what_its_twin_does() {
    let Some(bench) = Bench::new() else { return };
    // No layers, single layers, pairs, and both; one tile and two; several chunks of a workgroup. A
    // software device takes seconds to compile each.
    try_extend(&bench, &[(1, FULL), (4, FULL), (512, FULL), (1024, HALF)]);
}

#[test]
#[ignore = "minutes: make exhaustive"]
fn exhaustive_extend_with_all_points() {
    let Some(bench) = Bench::new() else { return };
    try_extend(&bench, &all_variants());
}

/// Returns all numbers of points that fit.
fn all_variants() -> Vec<Variant> {
    let halves = (0..=10).map(|layers| (1 << layers, HALF));
    let wholes = (0..=11).map(|layers| (1 << layers, FULL));
    halves.chain(wholes).collect()
}

fn try_extend(bench: &Bench, variants: &[Variant]) {
    let random = &mut Random(1);
    for &variant in variants {
        let points = variant.0;
        let Some(limits) = limits(bench, variant) else {
            continue;
        };
        for (original, recovery) in counts(random, points) {
            let code = Code::new(original as usize, recovery as usize);
            assert_eq!(code.chunk, points as usize);
            let Some(shader) = Shader::extend(code, limits) else {
                continue;
            };
            let labels = table(code.encode_work() + code.chunk);
            let most = if points < 64 { 70 } else { 3 };
            let chunks = random.within(1..=most);
            let groups = [
                shader.groups(chunks as usize),
                random.within(1..=3.min(1 + 1000 / points)),
            ];
            let words = chunks * 16;
            let first = [random.within(0..=2), random.within(0..=2)];
            let from = Spread::of_vectors(random, first[0] + groups[1], original, words);
            // One codeword more than is written.
            let to = Spread::of_vectors(random, first[1] + groups[1] + 1, recovery, words);
            let job = ExtendParameters {
                original,
                recovery,
                low_rate: (code.rate == Rate::Low).into(),
                chunks,
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
            extend(&job, groups[1], &source, written);
            let what = format!("{shader:?}, {original} + {recovery}, {groups:?} workgroups");
            bench.expect(&buffers[2], &recovered, &what);
        }
    }
}

#[test]
fn restore_does_what_its_twin_does() {
    let Some(bench) = Bench::new() else { return };
    try_restore(&bench, &[(1, FULL), (4, FULL), (512, FULL), (1024, HALF)]);
}

#[test]
#[ignore = "minutes: make exhaustive"]
fn exhaustive_restore_with_all_points() {
    let Some(bench) = Bench::new() else { return };
    try_restore(&bench, &all_variants());
}

fn try_restore(bench: &Bench, variants: &[Variant]) {
    let random = &mut Random(5);
    for &variant in variants {
        let Some(limits) = limits(bench, variant) else {
            continue;
        };
        for (original, recovery) in counts(random, variant.0) {
            let code = Code::new(original as usize, recovery as usize);
            let Some(shader) = Shader::restore(code, limits) else {
                continue;
            };
            // Random symbols in random order.
            let mut given: Vec<_> = (0..code.original + code.recovery).collect();
            given.sort_by_cached_key(|_| random.next());
            given.truncate(code.original);
            let plan = DecodePlan::of(code, given.clone());
            let most = if code.chunk < 64 { 70 } else { 3 };
            let chunks = random.within(1..=most);
            let groups = [
                shader.groups(chunks as usize),
                random.within(1..=3.min(1 + 1000 / code.chunk as u32)),
            ];
            let words = chunks * 16;
            let first = [random.within(0..=2), random.within(0..=2)];
            let from = Spread::of_vectors(random, first[0] + groups[1], original, words);
            let to = Spread::of_vectors(random, first[1] + groups[1] + 1, original, words);
            let mut source = random.words(from.all);
            let job = |block| RestoreParameters {
                chunks,
                first_codeword: first[0],
                first_restored_codeword: first[1],
                source_codeword: from.codeword,
                source_symbol: from.item,
                restored_codeword: to.codeword,
                restored_symbol: to.item,
                ..plan.job(block)
            };
            let blocks = plan.blocks.first();
            let words = blocks.map(|&block| reach(&job(block), shader, groups)[2]);
            source.truncate(words.unwrap_or(source.len()));
            let mut restored = random.words(to.all);
            let inputs = [&plan.factors, &plan.positions, &source, &restored];
            let buffers = inputs.map(|words| bench.buffer(words));
            for &block in &plan.blocks {
                let job = job(block);
                bench.run(shader, &job, &buffers.each_ref(), groups);
                let reach = reach(&job, shader, groups);
                assert!(reach[0] <= plan.factors.len(), "the last factor");
                restore(
                    &job,
                    (code, &given),
                    groups[1],
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
