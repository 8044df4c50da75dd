use super::codec::*;
use super::symbols::*;
use crate::code::Code;
#[test]
#[ignore]
fn code_alone() {
    for b in [Butterflies::new(
        *super::isa::Isa::available().last().unwrap(),
    )] {
        for (o, r) in [(334, 666), (667, 333)] {
            let e = Encoding::new(&b, Code::new(o, r));
            let mut space = CodeSpace::default();
            let mut a = Aligned::default();
            let tile = a.get(1000 * 320 + 512);
            for (i, x) in tile.iter_mut().enumerate() {
                *x = (i * 7 % 251) as u8;
            }
            for len in [64, 256, 54] {
                let layout = Layout::new(len);
                let mut best = f64::MAX;
                for _ in 0..200 {
                    let t = std::time::Instant::now();
                    for _ in 0..50 {
                        let (s, d) = tile.split_at_mut(o * 320);
                        e.run(
                            &mut space,
                            &layout,
                            o,
                            Symbols::new(s, 320, o, 256),
                            &mut SymbolsMut::new(d, 320, r, 256),
                            Next::Near,
                        );
                    }
                    best = best.min(t.elapsed().as_secs_f64() / 50.0);
                }
                println!(
                    "{o}->{r} len {len}: {:.2} us, {:.3} ns/B",
                    best * 1e6,
                    best * 1e9 / (o * len) as f64
                );
            }
        }
    }
}
