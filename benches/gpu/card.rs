//! Rates of a card alone: its bus, its memory and its integers, by kernels of this file. Shares of
//! the engine's rows refer to them.

use std::time::Instant;

use serde_json::{Value, json};
use walrus_accel::DeviceInfo;

use crate::timing::median;

/// Bytes of a transfer.
const BYTES: u64 = 256 << 20;

/// Measured repetitions, after some that wake the card: an idle card has a low clock.
const RUNS: usize = 7;
const WARM_UP: usize = 3;

/// Threads of the kernel that counts integer instructions, and steps per thread.
const THREADS: u32 = 1 << 20;
const STEPS: u32 = 4096;

/// Integer instructions per step: four chains of an addition, a shift or rotation, and an exclusive
/// or, so that no instruction waits for the one before it.
const INSTRUCTIONS: f64 = 12.0;

const INTEGERS: &str = "
@group(0) @binding(0) var<storage, read_write> out: array<u32>;
@compute @workgroup_size(256)
fn integers(@builtin(global_invocation_id) id: vec3<u32>) {
    var a = vec4<u32>(id.x, id.x + 1u, id.x + 2u, id.x + 3u);
    for (var step = 0u; step < STEPS; step++) {
        let b = a + vec4<u32>(step);
        a = b ^ (a >> vec4<u32>(7u));
    }
    out[id.x] = a.x ^ a.y ^ a.z ^ a.w;
}
";

/// Open device of the benchmark.
struct Bench {
    device: wgpu::Device,
    queue: wgpu::Queue,
}

impl Bench {
    /// Opens the device that the engine uses. `None`, with a message, if it cannot be opened again.
    fn open(info: &DeviceInfo) -> Option<Self> {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
        descriptor.flags = wgpu::InstanceFlags::empty();
        let instance = wgpu::Instance::new(descriptor);
        let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
        let adapter = adapters.into_iter().nth(info.index)?;
        if adapter.get_info().name != info.name {
            return None;
        }
        let request = adapter.request_device(&wgpu::DeviceDescriptor {
            required_limits: adapter.limits(),
            ..Default::default()
        });
        let (device, queue) = pollster::block_on(request).ok()?;
        Some(Self { device, queue })
    }

    fn buffer(&self, usage: wgpu::BufferUsages, bytes: u64) -> wgpu::Buffer {
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: bytes,
            usage,
            mapped_at_creation: false,
        })
    }

    /// Submits commands and waits. Returns the seconds.
    fn run(&self, record: impl Fn(&mut wgpu::CommandEncoder)) -> f64 {
        let mut encoder = self.device.create_command_encoder(&Default::default());
        record(&mut encoder);
        let commands = encoder.finish();
        let start = Instant::now();
        self.queue.submit([commands]);
        self.device
            .poll(wgpu::PollType::wait_indefinitely())
            .expect("the device answers");
        start.elapsed().as_secs_f64()
    }

    /// Returns the median seconds of commands.
    fn median(&self, record: impl Fn(&mut wgpu::CommandEncoder)) -> f64 {
        let mut times = Vec::new();
        for run in 0..WARM_UP + RUNS {
            let seconds = self.run(&record);
            if run >= WARM_UP {
                times.push(seconds);
            }
        }
        median(&mut times)
    }

    /// Returns integer instructions per second.
    fn integers(&self) -> f64 {
        let source = INTEGERS.replace("STEPS", &format!("{STEPS}u"));
        let module = self
            .device
            .create_shader_module(wgpu::ShaderModuleDescriptor {
                label: None,
                source: wgpu::ShaderSource::Wgsl(source.into()),
            });
        let pipeline = self
            .device
            .create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: None,
                layout: None,
                module: &module,
                entry_point: Some("integers"),
                compilation_options: Default::default(),
                cache: None,
            });
        let out = self.buffer(wgpu::BufferUsages::STORAGE, u64::from(THREADS) * 4);
        let group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &[wgpu::BindGroupEntry {
                binding: 0,
                resource: out.as_entire_binding(),
            }],
        });
        let seconds = self.median(|encoder| {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &group, &[]);
            pass.dispatch_workgroups(THREADS / 256, 1, 1);
        });
        f64::from(THREADS) * f64::from(STEPS) * INSTRUCTIONS / seconds
    }
}

/// Measures the card. `None` if the device cannot be opened beside the engine's.
pub fn measure(info: &DeviceInfo) -> Option<Value> {
    use wgpu::BufferUsages as Usage;
    let bench = Bench::open(info)?;
    let up = bench.buffer(Usage::MAP_WRITE | Usage::COPY_SRC, BYTES);
    let down = bench.buffer(Usage::MAP_READ | Usage::COPY_DST, BYTES);
    let both = Usage::COPY_SRC | Usage::COPY_DST;
    let here = [bench.buffer(both, BYTES), bench.buffer(both, BYTES)];
    let copy = |encoder: &mut wgpu::CommandEncoder, from: &wgpu::Buffer, to: &wgpu::Buffer| {
        encoder.copy_buffer_to_buffer(from, 0, to, 0, BYTES);
    };
    let bytes = BYTES as f64;
    let upload = bytes / bench.median(|encoder| copy(encoder, &up, &here[0]));
    let readback = bytes / bench.median(|encoder| copy(encoder, &here[0], &down));
    let mixed = bench.median(|encoder| {
        copy(encoder, &up, &here[0]);
        copy(encoder, &here[1], &down);
    });
    // A copy loads and stores.
    let memory = 2.0 * bytes / bench.median(|encoder| copy(encoder, &here[0], &here[1]));
    let integers = bench.integers();
    let nothing = bench.median(|_| ());
    println!(
        "the card alone: upload {:.1} GB/s, readback {:.1} GB/s, one after the other {:.1} GB/s, \
         memory {:.0} GB/s, {:.2} T integer instructions a second, {:.0} us per submission and \
         wait",
        upload / 1e9,
        readback / 1e9,
        2.0 * bytes / mixed / 1e9,
        memory / 1e9,
        integers / 1e12,
        1e6 * nothing,
    );
    Some(json!({
        "uploadBytesPerSecond": upload,
        "readbackBytesPerSecond": readback,
        "bothBytesPerSecond": 2.0 * bytes / mixed,
        "memoryBytesPerSecond": memory,
        "integerInstructionsPerSecond": integers,
        "submissionSeconds": nothing,
    }))
}
