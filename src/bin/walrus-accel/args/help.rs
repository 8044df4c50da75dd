//! Texts after the help of the command and of its verbs.

pub(super) const EXAMPLES: &str = "\
Examples:
  walrus-accel encode model.bin --out slivers
  walrus-accel blob-id *.safetensors
  walrus-accel decode slivers/BLOB_ID -o model.bin
  walrus-accel verify slivers/BLOB_ID
  walrus-accel repair slivers/BLOB_ID
  walrus-accel inspect slivers/BLOB_ID/metadata.bcs
  walrus-accel devices

Exit codes: 0 done; 1 failed or did not match; 2 wrong usage; 3 the engine asked for is not
there; 130 interrupted. Standard output carries data alone; messages and progress go to
standard error.

The environment variable WALRUS_ACCEL_ISA names the instruction set to use instead of the fastest
that the processor has: portable, ssse3, avx2, avx2-gfni, avx512, avx512-gfni or neon.
WALRUS_ACCEL_DEVICE names the device of the engines gpu and auto, as --device does. With
WALRUS_ACCEL_ALLOW_SOFTWARE=1 they use a software driver if there is no other device.";

pub(super) const DEVICES_EXAMPLES: &str = "\
Examples:
  walrus-accel devices
  walrus-accel devices --json
  walrus-accel encode model.bin --out slivers --engine gpu --device 0

A line is the number, the name, the interface, the kind, the driver, the memory, and whether the
engine gpu would use the device, or why not.";

pub(super) const ENCODE_EXAMPLES: &str = "\
Examples:
  walrus-accel encode model.bin --out slivers
  walrus-accel encode *.bin --out slivers --pairs 0-9,17 --json
  walrus-accel encode huge.tar --out slivers --memory 256M --resume

Each file gives OUT/BLOB_ID with metadata.bcs, pairs/0007.primary.bcs, pairs/0007.secondary.bcs
and so on, and manifest.json. The directory appears under its name when it is complete and on
disk. A line on standard output is the blob ID, two spaces and the directory.";

pub(super) const BLOB_ID_EXAMPLES: &str = "\
Examples:
  walrus-accel blob-id model.bin
  walrus-accel blob-id *.bin --json
  tar c photos | walrus-accel blob-id -

A line is the blob ID, two spaces and the file's name. A line break, a carriage return or a
backslash in a name is escaped, and such a line begins with a backslash, as with sha256sum.";

pub(super) const DECODE_EXAMPLES: &str = "\
Examples:
  walrus-accel decode slivers/BLOB_ID -o model.bin
  walrus-accel decode slivers/BLOB_ID -o - --axis secondary | sha256sum
  walrus-accel decode --metadata metadata.bcs -o model.bin --slivers *.bcs

Damaged and foreign files are named on standard error and skipped; missing ones are counted.
With 1000 shards, any 334 primary or any 667 secondary slivers are enough. A blob ID may begin with
a dash: write ./-ID, or put -- before it.";

pub(super) const VERIFY_EXAMPLES: &str = "\
Examples:
  walrus-accel verify slivers/BLOB_ID
  walrus-accel verify slivers/BLOB_ID --quick --json

Bad files are named on standard error, missing ones summed up unless --verbose is given; the counts
go to standard output. A blob ID may begin with a dash: write ./-ID, or put -- before it.";

pub(super) const CLEAN_EXAMPLES: &str = "\
Examples:
  walrus-accel clean slivers
  walrus-accel clean slivers --dry-run

What a killed run leaves has a name that begins with .walrus-accel- and ends in .partial: of encode
in the directory that --out names, of repair in a blob's directory, of decode beside the file. An
encode with --resume continues from it; once it is removed, the encode starts over. Work of running
processes and of other users stays, and so does a directory that holds anything else. What is less
than a second old counts as work of a running process.";

pub(super) const REPAIR_EXAMPLES: &str = "\
Examples:
  walrus-accel repair slivers/BLOB_ID
  walrus-accel repair slivers/BLOB_ID --pairs 0-99

Every sliver is verified first. Files that do not belong in the directory are named and left
alone. A blob ID may begin with a dash: write ./-ID, or put -- before it.";
