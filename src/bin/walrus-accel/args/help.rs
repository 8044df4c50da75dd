//! Texts after the help of the program and of its subcommands.

pub const PROGRAM: &str = "\
Examples:
  walrus-accel encode model.bin --out slivers
  walrus-accel blob-id *.safetensors
  walrus-accel decode slivers/BLOB_ID -o model.bin
  walrus-accel verify slivers/BLOB_ID
  walrus-accel repair slivers/BLOB_ID
  walrus-accel inspect slivers/BLOB_ID/metadata.bcs
  walrus-accel devices

Output:
  Standard output carries only data. Messages and progress go to standard error.

Exit codes:
  0    done
  1    failed, or a check found a mismatch
  2    wrong usage
  3    engine or device not available
  130  interrupted

Environment:
  WALRUS_ACCEL_ISA             Instruction set instead of the processor's fastest: portable,
                               ssse3, avx2, avx2-gfni, avx512, avx512-gfni or neon
  WALRUS_ACCEL_DEVICE          Device of the engines gpu and auto, like --device
  WALRUS_ACCEL_ALLOW_SOFTWARE  1 lets the engines gpu and auto use a software driver if there is
                               no other device";

pub const ENCODE: &str = "\
Examples:
  walrus-accel encode model.bin --out slivers
  walrus-accel encode *.bin --out slivers --pairs 0-9,17 --json
  walrus-accel encode --recursive site --out slivers
  find site -name '*.html' -print0 | walrus-accel encode --files-from - -0 --out slivers
  walrus-accel encode huge.tar --out slivers --memory 256M --resume

Output:
  Each file becomes the directory OUT/BLOB_ID with metadata.bcs, manifest.json and the slivers
  pairs/0007.primary.bcs, pairs/0007.secondary.bcs and so on. The directory appears under its name
  once it is complete and on disk. Each line on standard output is the blob ID, two spaces and the
  directory.

Notes:
  The files of a directory come in the order of the bytes of their names. Pipes, sockets, devices,
  links not followed and the directory OUT are skipped with a note. A directory that cannot be read
  is a failure that does not stop the rest.";

pub const BLOB_ID: &str = "\
Examples:
  walrus-accel blob-id model.bin
  walrus-accel blob-id *.bin --json
  walrus-accel blob-id --recursive site > ids
  walrus-accel blob-id --check ids --quiet
  tar c photos | walrus-accel blob-id -

Output:
  Each line is the blob ID, two spaces and the file's name. As with sha256sum, a line break, a
  carriage return or a backslash in a name is escaped, and the line then begins with a backslash.

Notes:
  The files of a directory come in the order of the bytes of their names. Pipes, sockets, devices
  and links not followed are skipped with a note. A directory that cannot be read is a failure that
  does not stop the rest.

  --check prints `NAME: OK`, `NAME: FAILED` or `NAME: FAILED open or read`, and the exit code is 0
  only if every file is good. Lines of blob-id and of blob-id --json are read. --shards and
  --commitment must be those of the list.";

pub const DECODE: &str = "\
Examples:
  walrus-accel decode slivers/BLOB_ID -o model.bin
  walrus-accel decode slivers/BLOB_ID -o - --axis secondary | sha256sum
  walrus-accel decode --metadata metadata.bcs -o model.bin --slivers *.bcs

Notes:
  With 1000 shards, any 334 primary or any 667 secondary slivers are enough. Damaged and foreign
  files are named on standard error and skipped; missing files are counted. More than ten files with
  the same problem are summed up unless --verbose is given.

  A blob ID may begin with a dash: write ./-ID, or put -- before it.";

pub const VERIFY: &str = "\
Examples:
  walrus-accel verify slivers/BLOB_ID
  walrus-accel verify slivers/BLOB_ID --quick --json

Notes:
  Bad files are named on standard error. More than ten files with the same problem are summed up
  unless --verbose is given. The counts go to standard output.

  A blob ID may begin with a dash: write ./-ID, or put -- before it.";

pub const REPAIR: &str = "\
Examples:
  walrus-accel repair slivers/BLOB_ID
  walrus-accel repair slivers/BLOB_ID --pairs 0-99

Notes:
  Rebuilt slivers have the bytes of a fresh encode. Every sliver is verified first. Files that do
  not belong in the directory are named and kept.

  A blob ID may begin with a dash: write ./-ID, or put -- before it.";

pub const INSPECT: &str = "\
Examples:
  walrus-accel inspect metadata.bcs
  walrus-accel inspect pairs/*.bcs --metadata metadata.bcs --json
  walrus-accel inspect proof.bcs --metadata metadata.bcs --axis primary
  curl -s $NODE/v1/blobs/$ID/metadata | walrus-accel inspect - --blob-id $ID

Notes:
  Short files can match several kinds. The first matching kind in the order of --as is shown, or
  with --metadata the first that is good; the other kinds are named.

  With --metadata the exit code is 0 only if every file was checked and is good. Metadata files must
  then be of the same blob. Without --metadata, --blob-id and --shards check only metadata files.

  Files of up to a quarter of --memory are read.";

pub const SYMBOL: &str = "\
Examples:
  walrus-accel symbol --metadata metadata.bcs --sliver pairs/0003.secondary.bcs --targets 7 -o s.bcs
  walrus-accel symbol --metadata metadata.bcs --sliver pairs/0003.secondary.bcs --targets 5,7-9 \\
    -o symbols

Notes:
  Symbols of a secondary sliver recover primary slivers, and symbols of a primary sliver secondary
  ones. In a directory, 0007.primary.from-0003.symbol.bcs is a symbol for the primary sliver of
  pair 7, from the secondary sliver of pair 3. Symbols without proofs end in .unproven.bcs.";

pub const RECOVER: &str = "\
Examples:
  walrus-accel recover --metadata metadata.bcs --axis primary --target 7 -o 0007.primary.bcs symbols
  walrus-accel recover --metadata metadata.bcs --axis secondary --target 7 -o - *.symbol.bcs

Notes:
  With 1000 shards, any 667 symbols recover a primary sliver, and any 334 a secondary one. Wrong
  symbols are named on standard error, or summed up if they are many, and not counted. Files of a
  directory that are named for another sliver are ignored.

  If the blob is inconsistent, nothing is written; prove writes the proof.";

pub const PROVE: &str = "\
Examples:
  walrus-accel prove --metadata metadata.bcs --axis primary --target 7 -o proof.bcs symbols

Notes:
  If the symbols recover the sliver, nothing is written, and the exit code is 1.";

pub const CHECK_PROOF: &str = "\
Examples:
  walrus-accel check-proof --metadata metadata.bcs --axis primary proof.bcs

Notes:
  The exit code is 0 if the proof shows that the blob was encoded inconsistently, and 1 if not.";

pub const QUILT: &str = "\
Examples:
  walrus-accel quilt encode photos --out slivers
  walrus-accel quilt list slivers/BLOB_ID
  walrus-accel quilt extract slivers/BLOB_ID --identifier walrus.jpg -o walrus.jpg

Notes:
  A quilt is a blob; its files are called patches. Each patch has an ID, which holds the quilt's
  blob ID and depends on all files of the quilt. A quilt of 1000 shards has at most 666 patches.";

pub const QUILT_ENCODE: &str = "\
Examples:
  walrus-accel quilt encode photos --out slivers
  walrus-accel quilt encode site --out slivers --identifiers path --json
  walrus-accel quilt encode --entries list.json --out slivers

Output:
  The first line is the quilt's blob ID, two spaces and the directory; encode --help tells about
  the directory. A line for each patch follows, in the order of the quilt: the patch ID, two spaces
  and the identifier. With --json it is one object.

List in JSON:
  [{\"path\": \"a/1.png\", \"identifier\": \"one.png\", \"tags\": {\"type\": \"image\"}}, ...]

  The identifier is the name of the file if it is left out. A value that is no string becomes its
  JSON text.";

pub const QUILT_ID: &str = "\
Examples:
  walrus-accel quilt id photos
  walrus-accel quilt id *.png --json

Output:
  The first line is the quilt's blob ID. A line for each patch follows, as by quilt encode.";

pub const QUILT_LIST: &str = "\
Examples:
  walrus-accel quilt list slivers/BLOB_ID
  walrus-accel quilt list slivers/BLOB_ID --json

Output:
  Each line is the patch ID, two spaces and the identifier. With --json it is one object, with the
  tags too.

  A blob ID may begin with a dash: write ./-ID, or put -- before it.";

pub const QUILT_EXTRACT: &str = "\
Examples:
  walrus-accel quilt extract slivers/BLOB_ID --identifier walrus.jpg -o walrus.jpg
  walrus-accel quilt extract slivers/BLOB_ID --patch-id ID -o - | sha256sum
  walrus-accel quilt extract slivers/BLOB_ID --tag type=image -o images
  walrus-accel quilt extract slivers/BLOB_ID --all -o files

Notes:
  One patch takes the secondary slivers of its columns. Where they are missing or damaged, any 334
  primary or 667 secondary slivers of 1000 shards do. Every byte is checked against the metadata.

  In a directory the identifier is the path of the file, and a / in it makes directories. If an
  identifier would leave the directory, or two of them need the same file, nothing is written: take
  such a patch by itself, with -o FILE.

  A blob ID may begin with a dash: write ./-ID, or put -- before it.";

pub const CLEAN: &str = "\
Examples:
  walrus-accel clean slivers
  walrus-accel clean slivers --dry-run

Notes:
  A leftover's name begins with .walrus-accel- and ends in .partial. A killed encode leaves it in
  the directory of --out, a killed repair in the blob's directory, a killed decode beside the file.
  encode --resume continues from a leftover; without the leftover it starts over.

  Work of running processes and of other users is kept, and so is a directory with foreign files.
  Anything less than a second old counts as work of a running process.";

pub const DEVICES: &str = "\
Examples:
  walrus-accel devices
  walrus-accel devices --json
  walrus-accel encode model.bin --out slivers --engine gpu --device 0

Output:
  Each line is the device's number, name, interface, kind, driver and memory, and whether the
  engine gpu can use the device.";

// Usage lines within 100 columns: clap does not wrap them.

pub const SYMBOL_USAGE: &str =
    "walrus-accel symbol [OPTIONS] --metadata <FILE> --sliver <FILE> --targets <LIST> -o <OUT>";
pub const RECOVER_USAGE: &str = "\
walrus-accel recover [OPTIONS] --metadata <FILE> --axis <AXIS> --target <PAIR>
                            -o <FILE> <SYMBOL>...";
pub const PROVE_USAGE: &str = "\
walrus-accel prove [OPTIONS] --metadata <FILE> --axis <AXIS> --target <PAIR>
                          -o <FILE> <SYMBOL>...";
pub const QUILT_EXTRACT_USAGE: &str = "\
walrus-accel quilt extract [OPTIONS] -o <OUT> <DIR/BLOB_ID>
                            <--patch-id <ID>|--identifier <NAME>|--tag <KEY=VALUE>|--all>";
