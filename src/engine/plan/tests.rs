//! Widths of stripes, and a table that pins them.

use super::*;
use crate::engine::cpu::CpuEngine;
use crate::engine::{Engine, InstructionSet, reference};

/// Widths for shapes, memory limits and engines. A line has the engine, shards, blob length,
/// commitment and memory limit, and after `|` a width for each of [`plans`], or `!` and the bytes
/// that the narrowest stripes need.
const WIDTHS: &str = include_str!("widths.txt");

/// Number of threads of the engines in the table.
pub(in crate::engine) const THREADS: usize = 3;

/// Bytes of the second-level cache of the engines in the table.
pub(in crate::engine) const SECOND_LEVEL: Option<u64> = Some(1 << 20);

/// Returns the width of each kind of plan, and the memory if the plan has it, or the error.
fn plans(
    engine: &dyn Engine,
    shape: Shape,
    commitment: Commitment,
    budget: u64,
) -> Vec<Result<(u32, u64)>> {
    let mut plans = Vec::new();
    for (in_memory, preferred_width) in [(false, u32::MAX), (true, u32::MAX), (true, 384)] {
        let plan = engine.plan_encode(&EncodePlanRequest {
            shape,
            commitment,
            in_memory,
            preferred_width,
            budget,
        });
        plans.push(plan.map(|plan| (plan.width, plan.memory)));
    }
    for (axis, items, sessions) in [
        (Axis::Primary, 1, 1),
        (Axis::Secondary, 7, 1),
        (Axis::Primary, 5, THREADS.min(engine.info().threads)),
    ] {
        let plan = engine.plan_expand(&ExpandPlanRequest {
            shape,
            commitment,
            axis,
            items,
            sessions,
            budget,
        });
        plans.push(plan.map(|plan| (plan.width, 0)));
    }
    let all: Vec<_> = (0..shape.rows().into()).collect();
    // The last primary slivers without an output, and some secondary slivers in memory with an
    // output in memory.
    for (axis, in_memory) in [(Axis::Primary, false), (Axis::Secondary, true)] {
        let (n, needed) = (shape.n_shards(), shape.slivers_needed(axis));
        let first = match axis {
            Axis::Primary => n - needed,
            Axis::Secondary => needed / 2,
        };
        let given = (first..n).chain(0..first).take(needed.into());
        let given: Vec<_> = given.map(SliverIndex).collect();
        for next in [
            NextPlanRequest::Nothing,
            NextPlanRequest::Expand {
                commitment,
                rows: &all,
            },
            NextPlanRequest::Encode { commitment },
        ] {
            let plan = engine.plan_decode(&DecodePlanRequest {
                shape,
                axis,
                given: &given,
                in_memory,
                has_output: in_memory,
                in_place: in_memory,
                group: None,
                next,
                budget,
            });
            plans.push(plan.map(|plan| (plan.width, plan.memory)));
        }
    }
    plans
}

/// Compares an engine's plans with the table.
pub(in crate::engine) fn widths_are_as_ever(name: &str, engine: &dyn Engine) {
    let mut compared = 0;
    let mut differing = Vec::new();
    for line in WIDTHS
        .lines()
        .filter(|line| line.split(' ').next() == Some(name))
    {
        let (key, widths) = line.split_once(" | ").unwrap();
        let key: Vec<_> = key.split(' ').collect();
        let number = |place: usize| key[place].parse::<u64>().unwrap();
        let shape = Shape::new(number(1) as u16, number(2)).unwrap();
        let (commitment, budget) = (key[3].parse().unwrap(), number(4));
        let found = plans(engine, shape, commitment, budget)
            .into_iter()
            .map(|plan| match plan {
                Ok((width, memory)) => {
                    let has_limit = engine.info().kind != EngineKind::Reference;
                    assert!(memory <= budget || !has_limit, "{line}");
                    width.to_string()
                }
                Err(Error::MemoryBudget {
                    needed,
                    budget: limit,
                }) => {
                    assert_eq!(limit, budget);
                    format!("!{needed}")
                }
                Err(error) => panic!("{line}: {error}"),
            });
        let found: Vec<_> = found.collect();
        let found = found.join(" ");
        if found != widths {
            differing.push(format!("{} | {found}", key.join(" ")));
        }
        compared += 1;
    }
    assert!(compared > 0, "{name}");
    assert!(
        differing.is_empty(),
        "engine/plan/widths.txt has other lines than\n{}",
        differing.join("\n")
    );
}

#[test]
fn the_cpu_s_widths_are_as_ever() {
    let mut cpu = CpuEngine::new(THREADS, Some(InstructionSet::Portable)).unwrap();
    cpu.set_second_level(SECOND_LEVEL);
    widths_are_as_ever("Cpu", &cpu);
    widths_are_as_ever("Reference", &*reference());
}

#[test]
fn the_width_fits_and_is_a_multiple_of_the_unit() {
    for symbol_size in [2, 64, 126, 128, 130, 1022, 1024, 4820, 65534] {
        for budget in [1000, 1128, 2000, 10_000, 100_000] {
            let memory = |width: u32| 1000 + u64::from(width);
            match stripe_width(symbol_size, budget, memory) {
                Ok(width) => {
                    assert!(memory(width) <= budget);
                    assert!(width == symbol_size || width.is_multiple_of(STRIPE_UNIT));
                    assert!(width <= symbol_size);
                }
                Err(Error::MemoryBudget { needed, .. }) => {
                    assert_eq!(needed, memory(symbol_size.min(STRIPE_UNIT)));
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn stripes_are_about_equal() {
    // 1,100 bytes fit at most: two stripes, and not one of 1,024 bytes and one of 26.
    let width = stripe_width(
        1050,
        1100,
        |width| if width == 1050 { 2000 } else { width.into() },
    );
    assert_eq!(width.unwrap(), 640);
}
