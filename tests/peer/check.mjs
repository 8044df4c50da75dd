// Comparison of the command line with the network's own encoder, byte for byte, in both directions.
//
//   npm ci && node check.mjs ../../target/release/walrus-accel
//
// `node check.mjs --peer-alone` compares the peer with the test vectors and needs no binary.
// Exit code: 0 if all cases passed, 1 if a case failed, 2 for wrong arguments.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import * as peer from './peer.mjs';

const SIZES = [0, 1, 1000, 100003, 1048576];
const COMMITTEES = [4, 7, 10, 31, 100, 301, 1000];
const LARGE = [1000, 10000000];

/** Maximum duration of a run of the binary, in milliseconds. */
const TIMEOUT = 120_000;

/** Exit code of a panic. */
const PANIC = 101;

/** Largest expanded matrix of the vectors that the slow peer encodes, in bytes. */
const VECTOR_LIMIT = 50_000_000;

const vectors = path.join(path.dirname(fileURLToPath(import.meta.url)), '../vectors/rs2.json');

/** Error for a binary that crashed, hung or did not start. Such an end is not a rejection. */
class NotRun extends Error {}

function main(args) {
  if (args.length !== 1 || (args[0].startsWith('-') && args[0] !== '--peer-alone')) {
    console.error('usage: node check.mjs BINARY | --peer-alone');
    process.exitCode = 2;
    return;
  }
  if (args[0] !== '--peer-alone' && !fs.existsSync(args[0])) {
    console.error(`${args[0]} does not exist: build it first`);
    process.exitCode = 2;
    return;
  }
  const cases = args[0] === '--peer-alone' ? vectorCases() : binaryCases(path.resolve(args[0]));
  let passed = 0;
  let failed = 0;
  for (const { name, run } of cases) {
    const start = performance.now();
    const failures = run();
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    if (failures.length === 0) {
      passed += 1;
      console.log(`ok      ${name} (${seconds} s)`);
    } else {
      failed += 1;
      console.log(`FAILED  ${name} (${seconds} s): ${failures.join('; ')}`);
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}

/** Runs steps one after another and returns the reasons of the failed ones. */
function attempt(steps) {
  const failures = [];
  for (const [name, step] of Object.entries(steps)) {
    try {
      step();
    } catch (error) {
      failures.push(`${name}: ${error?.message ?? error}`);
    }
  }
  return failures;
}

function vectorCases() {
  const cases = JSON.parse(fs.readFileSync(vectors, 'utf8'));
  return cases
    .map((vector) => ({ vector, shape: peer.shapeOf(vector.n_shards, vector.unencoded_length) }))
    .filter(({ shape }) => shape.shards ** 2 * shape.symbolSize <= VECTOR_LIMIT)
    .map(({ vector, shape }) => ({
      name: `peer against vector: ${shape.shards} shards, ${shape.length} bytes`,
      run: () => attempt({ vector: () => checkVector(vector, shape) }),
    }));
}

function checkVector(vector, shape) {
  const blob = peer.blobOf(vector.seed, shape.length);
  const { blobId, rootHash } = peer.identify(blob, shape);
  equal('symbol size', shape.symbolSize, vector.symbol_size);
  equal('blob ID', blobId, vector.blob_id);
  equal('root hash', rootHash, vector.root_hash);
  const expected = peer.encode(blob, shape);
  equal('blob ID of the encoding', expected.blobId, vector.blob_id);
  if (vector.metadata_bcs !== undefined) {
    same('metadata', expected.metadata, Buffer.from(vector.metadata_bcs, 'hex'));
  }
  for (const [pair, { primary_bcs: primary, secondary_bcs: secondary }] of (vector.pairs ?? []).entries()) {
    same(`primary sliver of pair ${pair}`, expected.primary[pair], Buffer.from(primary, 'hex'));
    same(`secondary sliver of pair ${pair}`, expected.secondary[pair], Buffer.from(secondary, 'hex'));
  }
  const chosen = choose(shape.shards, shape.rows, vector.seed);
  same('the blob, decoded', peer.decode(expected.id, shape, chosen.map((pair) => expected.primary[pair])), blob);
}

function binaryCases(binary) {
  const grid = COMMITTEES.flatMap((shards) => SIZES.map((size) => [shards, size]));
  return [...grid, LARGE].map(([shards, size], index) => {
    const shape = peer.shapeOf(shards, size);
    const name = `${shards} shards, ${size} bytes${shape.fits ? '' : ' (too large)'}`;
    return { name, run: () => inDirectory((directory) => checkCase(binary, shape, index + 1, directory)) };
  });
}

function checkCase(binary, shape, seed, directory) {
  const blob = peer.blobOf(seed, shape.length);
  const file = path.join(directory, 'blob.bin');
  fs.writeFileSync(file, blob);
  const shards = ['--shards', String(shape.shards)];
  const out = path.join(directory, 'ours');
  const encodeArgs = ['encode', file, '--out', out, ...shards, '--no-progress', '--json'];
  const idArgs = ['blob-id', file, ...shards, '--no-names'];

  if (!shape.fits) {
    return attempt({
      peer: () => refuses('the peer', () => peer.identify(blob, shape)),
      encode: () => refuses('encode', () => run(binary, encodeArgs)),
      'blob-id': () => refuses('blob-id', () => run(binary, idArgs)),
    });
  }

  const theirs = peer.encode(blob, shape);
  const ours = path.join(out, theirs.blobId);
  const sliver = (pair, axis) => path.join(ours, 'pairs', sliverName(pair, axis));
  return attempt({
    encode() {
      const report = lastJson(run(binary, encodeArgs));
      equal('blobId', report.blobId, theirs.blobId);
      equal('rootHash', report.rootHash, theirs.rootHash);
      equal('unencodedLength', report.unencodedLength, shape.length);
      equal('symbolSize', report.symbolSize, shape.symbolSize);
      equal('shards', report.shards, shape.shards);
    },
    metadata() {
      same('metadata.bcs', fs.readFileSync(path.join(ours, 'metadata.bcs')), theirs.metadata);
    },
    slivers() {
      equal('the number of sliver files', fs.readdirSync(path.join(ours, 'pairs')).length, 2 * shape.shards);
      for (let pair = 0; pair < shape.shards; pair++) {
        for (const axis of ['primary', 'secondary']) {
          same(`${axis} sliver of pair ${pair}`, fs.readFileSync(sliver(pair, axis)), theirs[axis][pair]);
        }
      }
    },
    'blob-id'() {
      equal('blob ID', run(binary, idArgs).trim(), theirs.blobId);
    },
    'decode by the peer'() {
      const pairs = choose(shape.shards, shape.rows, seed);
      const slivers = pairs.map((pair) => new Uint8Array(fs.readFileSync(sliver(pair, 'primary'))));
      same('the blob', peer.decode(theirs.id, shape, slivers), blob);
    },
    'decode of the peer by primary slivers'() {
      const pairs = choose(shape.shards, shape.rows, seed + 1);
      const stored = store(path.join(directory, 'rows'), theirs, pairs, ['primary', 'secondary']);
      checkDecode(binary, stored, ['--check', 'strict'], path.join(directory, 'rows.bin'), blob);
    },
    'decode of the peer by secondary slivers'() {
      const pairs = choose(shape.shards, shape.columns, seed + 2);
      const stored = store(path.join(directory, 'columns'), theirs, pairs, ['secondary']);
      checkDecode(binary, stored, ['--axis', 'secondary'], path.join(directory, 'columns.bin'), blob);
    },
    'refusal of one sliver too few'() {
      const pairs = choose(shape.shards, shape.rows - 1, seed + 3);
      const stored = store(path.join(directory, 'few'), theirs, pairs, ['primary']);
      refuses('decode', () => run(binary, ['decode', stored, '-o', path.join(directory, 'few.bin')]));
    },
  });
}

function checkDecode(binary, stored, options, target, blob) {
  run(binary, ['decode', stored, '-o', target, ...options]);
  same('the blob', fs.readFileSync(target), blob);
}

/** Writes the peer's slivers of some pairs in the command line's directory layout. */
function store(directory, encoded, pairs, axes) {
  const target = path.join(directory, encoded.blobId);
  fs.mkdirSync(path.join(target, 'pairs'), { recursive: true });
  fs.writeFileSync(path.join(target, 'metadata.bcs'), encoded.metadata);
  for (const pair of pairs) {
    for (const axis of axes) {
      fs.writeFileSync(path.join(target, 'pairs', sliverName(pair, axis)), encoded[axis][pair]);
    }
  }
  return target;
}

function sliverName(pair, axis) {
  return `${String(pair).padStart(4, '0')}.${axis}.bcs`;
}

/** Returns `count` different numbers below `end` in random order, the same for the same seed. */
function choose(end, count, seed) {
  const numbers = Array.from({ length: end }, (_, number) => number);
  const random = peer.blobOf(seed, 4 * count);
  const view = new DataView(random.buffer);
  for (let i = 0; i < count; i++) {
    const other = i + (view.getUint32(4 * i) % (end - i));
    [numbers[i], numbers[other]] = [numbers[other], numbers[i]];
  }
  return numbers.slice(0, count);
}

/** Runs the binary and returns its standard output. Throws if the exit code is not 0. */
function run(binary, args) {
  const { error, status, signal, stdout, stderr } = spawnSync(binary, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT,
  });
  if (error !== undefined) {
    throw new NotRun(`${args[0]}: ${error.message}`);
  }
  if (status === null) {
    throw new NotRun(`${args[0]} was ended by ${signal}`);
  }
  if (status !== 0) {
    const message = stderr.trim().split('\n').slice(-3).join(' | ').slice(0, 300);
    const Reason = status === PANIC ? NotRun : Error;
    throw new Reason(`exit code ${status}: ${message}`);
  }
  return stdout;
}

function refuses(who, task) {
  try {
    task();
  } catch (error) {
    if (error instanceof NotRun) {
      throw error;
    }
    return;
  }
  throw new Error(`${who} accepts what it should refuse`);
}

function lastJson(text) {
  const line = text.trim().split('\n').at(-1);
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(`the last line is no JSON: ${line.slice(0, 100)}`);
  }
}

function equal(what, actual, expected) {
  if (actual !== expected) {
    throw new Error(`${what} is ${actual}, not ${expected}`);
  }
}

function same(what, actual, expected) {
  if (Buffer.compare(actual, expected) !== 0) {
    let at = 0;
    while (at < actual.length && actual[at] === expected[at]) at += 1;
    const lengths = `${actual.length} bytes, ${expected.length} expected`;
    throw new Error(`${what} differs from byte ${at} on (${lengths})`);
  }
}

/** Runs a task with a new directory, which is removed afterwards. */
function inDirectory(task) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'walrus-accel-peer-'));
  try {
    return task(directory);
  } catch (error) {
    return [`${error?.message ?? error}`];
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

main(process.argv.slice(2));
