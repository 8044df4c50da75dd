//! Compiled shaders of a device.

#![allow(unsafe_code)]

use crate::engine::gpu::shader::modules::Shader;

/// Environment variable that compiles shaders with the checks of `wgpu`.
pub(crate) const CHECKS_VARIABLE: &str = "WALRUS_ACCEL_SHADER_CHECKS";

/// Compiled shader.
pub(crate) struct Pipeline {
    #[cfg(test)]
    pub(crate) shader: Shader,
    pub(crate) pipeline: wgpu::ComputePipeline,
    pub(crate) layout: wgpu::BindGroupLayout,
}

impl Pipeline {
    /// Compiles a shader, or takes it from the cache.
    ///
    /// With checks, every index of a shader is limited to its array, every loop to a number of
    /// rounds, and no divisor is zero: indices take instructions, and a bounded loop is not
    /// unrolled, so arrays that it indexes are in memory. Without checks, drivers still keep
    /// accesses within buffers where they can (`robustBufferAccess` of Vulkan, which `wgpu` always
    /// turns on).
    pub(crate) fn new(
        device: &wgpu::Device,
        shader: Shader,
        with_checks: bool,
        cache: Option<&wgpu::PipelineCache>,
    ) -> Self {
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: Some(shader.name()),
            source: wgpu::ShaderSource::Wgsl(shader.source().into()),
        };
        let module = match with_checks {
            true => device.create_shader_module(descriptor),
            // SAFETY: shaders are files of this crate, never a user's. Of their accesses:
            //
            // - Buffers: `Commands::dispatch` is the only place that runs a pipeline. It asserts
            //   (`shader/bounds.rs`) that each buffer is as long as the parameters and workgroups
            //   of the run require, and that the parameters meet the conditions that the shader
            //   documents. The parameters reach the device in a buffer of the submission.
            // - Indices read from buffers: `positions` of restore.wgsl alone, whose values the
            //   shader compares with its parameters `given` and `missing`. Samples are at places
            //   that shared/sampling.wgsl limits to the items of a codeword.
            // - Workgroup memory: a workgroup has `CHUNKS * ITEMS` threads, so items are below
            //   `ITEMS`. Layers of exchanges are at most `TOP`, so that the points of an item are
            //   below `4 * ITEMS`, and `place_of` exchanges points below that. A tile has as many
            //   places for each chunk. Behind the tiles each thread has `KEPT / THREADS` vectors.
            //   Every place is written before it is read.
            // - Arrays of a thread: `stack` of leaves_blake3.wgsl is indexed below 6, as its file
            //   explains.
            // - Loops end: each counts up to a parameter, a constant or the bits of a number, and
            //   a parameter that ends a loop is limited by a buffer or by `shader/bounds.rs`.
            // - Divisors are constants or powers of two, never zero; or numbers of blocks, and of
            //   items of a block, which `shader/bounds.rs` asserts to be at least one.
            //
            // The comparison with the twins runs with checks and without (scripts/test.sh).
            false => unsafe {
                let checks = wgpu::ShaderRuntimeChecks::unchecked();
                device.create_shader_module_trusted(descriptor, checks)
            },
        };
        let entries =
            shader
                .bindings()
                .iter()
                .zip(0..)
                .map(|(binding, number)| wgpu::BindGroupLayoutEntry {
                    binding: number,
                    visibility: wgpu::ShaderStages::COMPUTE,
                    ty: wgpu::BindingType::Buffer {
                        ty: *binding,
                        has_dynamic_offset: *binding == wgpu::BufferBindingType::Uniform,
                        min_binding_size: None,
                    },
                    count: None,
                });
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some(shader.name()),
            entries: &entries.collect::<Vec<_>>(),
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(shader.name()),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(shader.name()),
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some(shader.name()),
            compilation_options: wgpu::PipelineCompilationOptions {
                // Shaders write every place before they read it.
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache,
        });
        Self {
            #[cfg(test)]
            shader,
            pipeline,
            layout,
        }
    }
}
