//! Model: times on a card that is not at hand, from counts.
//!
//! Bytes, commands and the host's traffic come from jobs on the stub. Instructions come from the
//! compiled shaders ([`INSTRUCTIONS`]), and their number from the shape of the blob. A stage takes
//! the longer of its instructions at the card's integer rate and its bytes at the card's memory
//! bandwidth: nothing waits for anything else. So the model is a bound from below, and what a card
//! takes beyond it is what the engine does not yet hide.
//!
//! `docs/gpu-model.md` explains the figures and has the output.

use walrus_accel::kernels::DeviceWork;
use walrus_accel::{Axis, Shape};

use crate::host::{Task, measure_task};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// A card in its machine, by the figures of their makers.
struct Card {
    name: &'static str,
    multiprocessors: f64,
    /// 32-bit integer instructions of threads per clock and multiprocessor.
    lanes: f64,
    /// Clock under load in Hz.
    clock: f64,
    /// Bandwidth of the card's memory in bytes per second.
    memory: f64,
    /// Bandwidth of the bus in bytes per second, each way.
    bus: f64,
    /// Bandwidth of the host's memory in bytes per second, loads and stores together.
    host: f64,
}

const CARDS: [Card; 2] = [
    Card {
        name: "H200, PCIe 5.0 x16, 16 cores of a server",
        multiprocessors: 132.0,
        lanes: 64.0,
        clock: 1.755e9,
        memory: 4.3e12,
        bus: 55e9,
        host: 150e9,
    },
    Card {
        name: "RTX 4070, PCIe 4.0 x16, 8 cores with two channels of DDR5",
        multiprocessors: 46.0,
        lanes: 64.0,
        clock: 2.475e9,
        memory: 504e9,
        bus: 25e9,
        host: 55e9,
    },
];

/// Seconds of the host and the driver per submission of commands.
const SUBMISSION: f64 = 8e-6;

/// Seconds until the host goes on after the device has ended.
const WAIT: f64 = 15e-6;

/// Instructions of the compiled shaders, and butterflies, per unit of work. From
/// `docs/performance-log.md`, "Counts of the shaders".
struct Instructions {
    /// Butterflies per source element of 2 bytes at 1,000 shards: rows, and columns.
    butterflies: [f64; 2],
    /// Butterflies per given element to restore rows from primary slivers.
    restored: f64,
    /// Instructions per element and butterfly, those of loads and stores included.
    butterfly: f64,
    /// Instructions per block of a leaf.
    block: f64,
    /// Instructions of a leaf besides whole blocks.
    leaf: f64,
    /// Instructions per inner node.
    node: f64,
}

const INSTRUCTIONS: Instructions = Instructions {
    butterflies: [7.7, 23.1],
    restored: 27.6,
    butterfly: 8.1,
    block: 2217.0,
    leaf: 8912.0,
    node: 2168.0,
};

/// Instructions and bytes of device memory of a stage, or of several that run one after another.
#[derive(Clone, Copy, Default)]
struct Stage {
    instructions: f64,
    bytes: f64,
}

impl Stage {
    /// Returns the seconds on a card.
    fn seconds(self, card: &Card) -> f64 {
        let rate = card.multiprocessors * card.lanes * card.clock;
        (self.instructions / rate).max(self.bytes / card.memory)
    }
}

/// Numbers of a blob's shape.
struct Work {
    shards: f64,
    rows: f64,
    columns: f64,
    symbol: f64,
}

impl Work {
    fn new(bytes: u64) -> Self {
        let shape = Shape::new(Shape::NETWORK_SHARDS, bytes).expect("a valid length");
        Self {
            shards: f64::from(shape.n_shards()),
            rows: f64::from(shape.rows()),
            columns: f64::from(shape.columns()),
            symbol: shape.sliver_len(Axis::Primary) as f64 / f64::from(shape.columns()),
        }
    }

    /// Returns the bytes of the source matrix.
    fn source(&self) -> f64 {
        self.rows * self.columns * self.symbol
    }

    /// Returns the stage of `butterflies` per source element, which loads and stores symbols.
    fn code(&self, butterflies: f64, symbols: f64) -> Stage {
        let elements = self.source() / 2.0;
        Stage {
            instructions: elements * butterflies * INSTRUCTIONS.butterfly,
            bytes: symbols * self.symbol,
        }
    }

    fn extended_rows(&self) -> Stage {
        self.code(INSTRUCTIONS.butterflies[0], self.rows * self.shards)
    }

    fn extended_columns(&self) -> Stage {
        self.code(INSTRUCTIONS.butterflies[1], self.shards * self.shards)
    }

    fn restored_rows(&self) -> Stage {
        let symbols = (self.rows + self.rows) * self.columns;
        self.code(INSTRUCTIONS.restored, symbols)
    }

    fn leaves(&self, symbols: f64) -> Stage {
        let blocks = ((self.symbol + 1.0) / 128.0).ceil();
        let leaf = blocks.mul_add(INSTRUCTIONS.block, INSTRUCTIONS.leaf);
        Stage {
            instructions: symbols * leaf,
            bytes: symbols * self.symbol,
        }
    }

    fn trees(&self, trees: f64) -> Stage {
        let (mut nodes, mut level) = (0.0, self.shards);
        while level > 1.0 {
            level = (level / 2.0).ceil();
            nodes += level;
        }
        Stage {
            instructions: trees * nodes * INSTRUCTIONS.node,
            bytes: trees * nodes * 96.0,
        }
    }

    /// Returns the stages of a blob ID. Those of an encoding are the same.
    fn encoded(&self) -> Vec<Stage> {
        vec![
            self.extended_rows(),
            self.extended_columns(),
            self.leaves(self.shards * self.shards),
            self.trees(2.0 * self.shards),
        ]
    }

    /// Returns the stages of the default check of a decoded blob.
    fn checked(&self) -> Vec<Stage> {
        vec![
            self.extended_rows(),
            self.leaves(self.rows * self.shards),
            self.trees(self.rows),
        ]
    }
}

/// A row of the table.
struct Row {
    name: &'static str,
    bytes: u64,
    goal: &'static str,
    stages: Vec<Stage>,
    /// Nothing moves for shaders alone.
    moved: Option<DeviceWork>,
}

fn rows() -> Vec<Row> {
    let gib = Work::new(GIB);
    let [id, encoded, decoded] =
        Task::ALL.map(|task| measure_task(task, GIB as usize, true, 1).work);
    // The check takes the rows up again.
    let mut checked = decoded;
    let source = gib.source() as u64;
    checked.uploaded += source;
    checked.host_loaded += source;
    checked.host_stored += source;
    let small = measure_task(Task::BlobId, MIB as usize, true, 1).work;
    let restored = [vec![gib.restored_rows()], gib.checked()].concat();
    vec![
        Row {
            name: "shaders alone, 1 GiB",
            bytes: GIB,
            goal: "40 GB/s",
            stages: gib.encoded(),
            moved: None,
        },
        Row {
            name: "blob ID, 1 GiB",
            bytes: GIB,
            goal: "20 GB/s",
            stages: gib.encoded(),
            moved: Some(id),
        },
        Row {
            name: "encode, all slivers into memory, 1 GiB",
            bytes: GIB,
            goal: "8 GB/s",
            stages: gib.encoded(),
            moved: Some(encoded),
        },
        Row {
            name: "decode from 334 primary slivers, default check, 1 GiB",
            bytes: GIB,
            goal: "10 GB/s",
            stages: restored,
            moved: Some(checked),
        },
        Row {
            name: "blob ID, 1 MiB",
            bytes: MIB,
            goal: "500 a second",
            stages: Work::new(MIB).encoded(),
            moved: Some(small),
        },
    ]
}

/// Prints a table per card.
pub fn print() {
    let rows = rows();
    for card in &CARDS {
        println!("\n{}\n", card.name);
        println!(
            "| job | goal on an H200 | up | kernels | down | host | commands | all at once | \
             one after another | measured |"
        );
        println!("|---|---|---|---|---|---|---|---|---|---|");
        for row in &rows {
            println!("{}", line(row, card));
        }
    }
}

/// Returns a row of a card's table.
fn line(row: &Row, card: &Card) -> String {
    let kernels = row.stages.iter().map(|stage| stage.seconds(card)).sum();
    let moved = row.moved.unwrap_or_default();
    let up = moved.uploaded as f64 / card.bus;
    let down = moved.read_back as f64 / card.bus;
    let host = (moved.host_loaded + moved.host_stored) as f64 / card.host;
    let commands = moved.submissions as f64 * SUBMISSION + moved.waits as f64 * WAIT;
    let parts: [f64; 5] = [up, kernels, down, host, commands];
    let longest = parts[..4].iter().fold(0.0_f64, |most, it| most.max(*it)) + commands;
    let sum = parts.iter().sum();
    let rate = |seconds: f64| match row.bytes {
        MIB => format!("{:.0} a second", 1.0 / seconds),
        bytes => format!("{:.1} GB/s", bytes as f64 / seconds / 1e9),
    };
    let parts = parts.map(|seconds| format!("{:.2} ms", 1e3 * seconds));
    format!(
        "| {} | {} | {} | {} | {} | none yet |",
        row.name,
        row.goal,
        parts.join(" | "),
        rate(longest),
        rate(sum),
    )
}
