//! A node that has its own types and takes its encoder from walrus-accel: `docs/INTEGRATION.md`.
//!
//! - `node`: configuration, slivers, metadata, encoder, decoder and errors of the node. Only this
//!   module knows the library.
//! - `encode_future`: an encoding as a future, for a node with an async runtime.
//!
//! ```sh
//! cargo run --release --example integration
//! cargo test --example integration
//! ```

mod encode_future;
mod node;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use encode_future::EncodeFuture;
use node::{EncodingConfig, Error, Metadata};

/// Runs a future on this thread: the executor of this program.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Returns a blob of `len` bytes.
fn blob(len: u32) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}

/// Encodes, loses slivers, and decodes in each way that a node does.
fn round_trip(n_shards: u16, blob: &[u8]) -> Result<(), Error> {
    let runtime = node::shared_runtime()?;
    let config = EncodingConfig::new(&runtime, n_shards)?;

    let encoder = config.blob_encoder(blob);
    let (pairs, metadata) = encoder.encode_with_metadata()?;
    assert_eq!(encoder.compute_metadata()?, metadata);
    assert_eq!(pairs.len(), usize::from(n_shards));

    // Metadata travels as BCS, and is checked against the blob ID that was asked for.
    let blob_id = metadata.blob_id();
    let received = Metadata::from_bcs(&config, blob_id, &metadata.to_bcs())?;
    assert_eq!(received, metadata);
    assert!(Metadata::from_bcs(&config, [7; 32], &metadata.to_bcs()).is_err());

    // A third of the primary slivers is enough, and so are two thirds of the secondary slivers.
    let decoder = config.blob_decoder(blob.len() as u64)?;
    let primary = || pairs.iter().rev().map(|pair| pair.primary.clone());
    let secondary = || pairs.iter().rev().map(|pair| pair.secondary.clone());
    let needed = usize::from(n_shards.div_ceil(3));
    assert_eq!(decoder.decode(primary().take(needed))?, blob);
    assert_eq!(decoder.decode(secondary().take(2 * needed))?, blob);
    assert_eq!(decoder.decode_and_verify(blob_id, primary())?.0, blob);

    // With metadata, a damaged sliver is found and left out. Without, the blob ID differs.
    let mut damaged: Vec<_> = pairs.iter().map(|pair| pair.primary.clone()).collect();
    damaged[0].symbols[0] ^= 1;
    assert_eq!(decoder.decode_checked(&metadata, damaged.clone())?, blob);
    let outcome = decoder.decode_and_verify(blob_id, damaged.drain(..needed));
    assert!(matches!(outcome, Err(Error::WrongBlobId)));

    // Every error of the library is the source of an error of the node.
    let error = decoder.decode(primary().take(1)).unwrap_err();
    assert!(matches!(error, Error::NotEnoughSlivers(_)));
    assert!(std::error::Error::source(&error).is_some());
    Ok(())
}

fn main() -> Result<(), Error> {
    node::self_test(&node::shared_runtime()?)?;
    let blob = blob(3_000_000);
    round_trip(1000, &blob)?;

    let config = EncodingConfig::new(&node::shared_runtime()?, 1000)?;
    let encoding = EncodeFuture::new(config, blob, |work| {
        thread::spawn(work);
    });
    let progress = encoding.progress();
    println!("{} of {} bytes are done", progress.done, progress.total);
    let (pairs, metadata) = block_on(encoding)?;
    println!(
        "{} pairs of {} bytes",
        pairs.len(),
        metadata.unencoded_length()
    );
    Ok(())
}

#[test]
fn the_example_runs() {
    main().unwrap();
}

#[test]
fn small_committees_and_blobs_make_the_round_trip() {
    for (n_shards, len) in [(4, 1), (10, 6), (13, 4_321)] {
        round_trip(n_shards, &blob(len)).unwrap();
    }
}
