//! Inner nodes.

use super::*;

fn digests(random: &mut Random, count: usize) -> Vec<Digest> {
    let mut digests = vec![[0; 32]; count];
    random.fill(digests.as_flattened_mut());
    digests
}

#[test]
fn every_count_of_nodes() {
    let mut random = Random(11);
    for count in 0..=40 {
        let children = digests(&mut random, 2 * count);
        let (left, right): (Vec<_>, Vec<_>) = children
            .as_chunks()
            .0
            .iter()
            .map(|&[left, right]| (left, right))
            .unzip();
        for commitment in COMMITMENTS {
            for prefix in [0x00, 0x01, 0xff] {
                let both = left.iter().zip(&right);
                let expected: Vec<_> = both
                    .map(|(left, right)| commitment.hash(&[&[prefix], left, right]))
                    .collect();
                for isa in Isa::available() {
                    let name = isa.name();
                    let mut out = vec![POISON; count];
                    hash_pairs(commitment, isa, prefix, &left, &right, &mut out);
                    assert_eq!(out, expected, "{commitment}, {name}, {count} pairs");
                    let mut out = vec![POISON; count];
                    hash_adjacent(commitment, isa, prefix, &children, &mut out);
                    assert_eq!(out, expected, "{commitment}, {name}, {count} neighbours");
                }
            }
        }
    }
}

/// Children and digests that end where the memory does, or that begin where the memory does.
#[cfg(unix)]
#[test]
fn nothing_is_touched_around_nodes() {
    use crate::engine::testing::kernel_inputs::Guarded;

    let mut random = Random(12);
    let mut memories: [_; 3] = std::array::from_fn(|_| Guarded::new(1 << 12));
    for count in 1..=20 {
        for at_end in [false, true] {
            let [children, half, out] = memories.each_mut();
            let [children, half, out] =
                [(children, 2 * count), (half, count), (out, count)].map(|(memory, count)| {
                    let bytes = match at_end {
                        true => memory.at_end(32 * count),
                        false => memory.at_start(32 * count),
                    };
                    random.fill(bytes);
                    bytes.as_chunks_mut::<32>().0
                });
            for commitment in COMMITMENTS {
                for isa in Isa::available() {
                    hash_adjacent(commitment, isa, 1, children, out);
                    for (digest, pair) in out.iter().zip(children.as_chunks::<2>().0) {
                        assert_eq!(*digest, commitment.hash(&[&[1], &pair[0], &pair[1]]));
                    }
                    for (left, right) in [(&*half, &children[count..]), (&children[..count], half)]
                    {
                        hash_pairs(commitment, isa, 1, left, right, out);
                        for (digest, (left, right)) in out.iter().zip(left.iter().zip(right)) {
                            assert_eq!(*digest, commitment.hash(&[&[1], left, right]));
                        }
                    }
                }
            }
        }
    }
}

#[test]
#[should_panic]
fn nodes_without_their_children() {
    let children = [POISON; 5];
    let mut out = [POISON; 3];
    hash_adjacent(
        Commitment::Blake2b256,
        Isa::Portable,
        1,
        &children,
        &mut out,
    );
}

#[test]
#[should_panic]
fn pairs_without_their_halves() {
    let (left, right) = ([POISON; 3], [POISON; 2]);
    let mut out = [POISON; 3];
    hash_pairs(
        Commitment::Blake3,
        Isa::Portable,
        1,
        &left,
        &right,
        &mut out,
    );
}
