// Interface to the network's own encoder, with bytes as input and output, and the formulas that its calls need.

import { BlobEncoder } from '@mysten/walrus-wasm';

/** Returns counts and sizes of a blob's encoding. */
export function shapeOf(shards, length) {
  const faulty = Math.floor((shards - 1) / 3);
  const rows = shards - 2 * faulty;
  const columns = shards - faulty;
  const exact = Math.ceil(Math.max(length, 1) / (rows * columns));
  const symbolSize = exact + (exact % 2);
  return { shards, length, rows, columns, symbolSize, fits: symbolSize <= 65534 };
}

/** Returns the blob of a test vector: the top bytes of a 64-bit linear congruential generator. */
export function blobOf(seed, length) {
  // The state has two halves of 32 bits, because one BigInt per byte would be slow.
  const [mulHigh, mulLow] = [0x5851f42d, 0x4c957f2d];
  const [addHigh, addLow] = [0x14057b7e, 0xf767814f];
  let [high, low] = [0, seed];
  const blob = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const [a, b] = [low >>> 16, low & 0xffff];
    const [c, d] = [mulLow >>> 16, mulLow & 0xffff];
    const middle = a * d + Math.floor((b * d) / 0x10000);
    const cross = b * c + (middle & 0xffff);
    // The high half of low * mulLow, without rounding.
    const carry = a * c + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000);
    const sum = Math.imul(low, mulLow) >>> 0;
    const upper = carry + (Math.imul(high, mulLow) >>> 0) + (Math.imul(low, mulHigh) >>> 0);
    low = sum + addLow;
    high = (upper + addHigh + Math.floor(low / 0x100000000)) % 0x100000000;
    low %= 0x100000000;
    blob[i] = high >>> 24;
  }
  return blob;
}

/** Encodes a blob. Returns the blob ID as text, the root hash in hex, and the bytes of metadata and slivers. */
export function encode(blob, shape) {
  const buffers = (symbols) => {
    const length = symbols * shape.symbolSize;
    const total = uleb(length).length + length + 4;
    return Array.from({ length: shape.shards }, () => new Uint8Array(total));
  };
  const primary = buffers(shape.columns);
  const secondary = buffers(shape.rows);
  const [metadata, root] = withEncoder(shape, (encoder) => encoder.encode(blob, primary, secondary));
  return {
    id: Uint8Array.from(metadata.blob_id),
    blobId: Buffer.from(metadata.blob_id).toString('base64url'),
    rootHash: Buffer.from(root.Digest).toString('hex'),
    metadata: metadataBytes(metadata),
    primary,
    secondary,
  };
}

/** Returns blob ID and root hash of a blob. */
export function identify(blob, shape) {
  const [id, root] = withEncoder(shape, (encoder) => encoder.compute_metadata(blob));
  return {
    blobId: Buffer.from(id).toString('base64url'),
    rootHash: Buffer.from(root.Digest).toString('hex'),
  };
}

/** Decodes a blob from the bytes of primary slivers. */
export function decode(id, shape, slivers) {
  const blob = new Uint8Array(shape.length);
  withEncoder(shape, (encoder) => encoder.decode(Array.from(id), BigInt(shape.length), slivers, blob));
  return blob;
}

function withEncoder(shape, task) {
  const encoder = new BlobEncoder(shape.shards);
  try {
    return task(encoder);
  } finally {
    encoder.free();
  }
}

/** Returns the wire format, with the ID, of metadata that the peer gives as an object. */
function metadataBytes({ blob_id: id, metadata: { V1: metadata } }) {
  if (metadata.encoding_type !== 'RS2') {
    throw new Error(`the peer encoded with ${metadata.encoding_type}`);
  }
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(metadata.unencoded_length));
  const node = (hash) => (hash === 'Empty' ? [0] : [1, ...hash.Digest]);
  const pairs = metadata.hashes.flatMap((pair) => [...node(pair.primary_hash), ...node(pair.secondary_hash)]);
  return Buffer.from([...id, 0, 1, ...length, ...uleb(metadata.hashes.length), ...pairs]);
}

function uleb(value) {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) {
    bytes.push((value % 0x80) + 0x80);
  }
  return [...bytes, value];
}
