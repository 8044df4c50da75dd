//! Hostile directories with their permitted exit codes.

use std::fs;

use super::run::Verb::{self, Encode, Force, Quick, Repair, Resume, Verify};
use super::setup::{
    Made, PLAIN, Place, deep, device, fifo, full_directory, give_away, link, mounted, socket,
    sparse,
};

/// Hostile directory.
pub struct Case {
    pub name: &'static str,
    /// Changes an honest directory into the hostile one. Returns the first words of a command that
    /// runs on it, or the reason why it cannot be created here.
    pub make: fn(&Place) -> Made,
    /// Permitted exit codes, one column per verb.
    codes: &'static str,
    /// Texts that the message of a failing verb contains.
    pub says: &'static [(Verb, &'static str)],
}

impl Case {
    /// Returns the permitted codes of a verb: digits, and `T` if the verb waits until SIGTERM.
    /// `None` if the verb is not tried.
    pub fn codes(&self, verb: Verb) -> Option<&'static str> {
        let column = Verb::ALL.iter().position(|&other| other == verb).unwrap();
        let codes = self.codes.split_whitespace().nth(column);
        Some(codes.unwrap_or("-")).filter(|&codes| codes != "-")
    }
}

const fn case(
    name: &'static str,
    codes: &'static str,
    says: &'static [(Verb, &'static str)],
    make: fn(&Place) -> Made,
) -> Case {
    Case {
        name,
        make,
        codes,
        says,
    }
}

const SLIVER: &str = "pairs/0003.primary.bcs";
const REPAIRING: &str = ".walrus-accel-repair.partial";
const A_LINK: &[(Verb, &str)] = &[(Verify, "symbolic link"), (Quick, "symbolic link")];
const LINKED: &[(Verb, &str)] = &[
    (Verify, "symbolic link"),
    (Quick, "symbolic link"),
    (Repair, "symbolic link"),
];
const NAMED: &[(Verb, &str)] = &[(Repair, "0003.primary.bcs"), (Force, "0003.primary.bcs")];

/// Removes a sliver, so that repair has something to do.
fn lost(place: &Place) {
    place.cleared("pairs/0004.primary.bcs");
}

/// Creates the working directory of repair before repair does.
fn repairing(place: &Place) -> std::path::PathBuf {
    lost(place);
    let path = place.directory().join(REPAIRING);
    fs::create_dir(&path).unwrap();
    path
}

/// Removes the blob's directory and creates the working directory of an encode before the encode
/// does.
fn encoding(place: &Place) -> std::path::PathBuf {
    let path = unencoded(place);
    fs::create_dir(&path).unwrap();
    path
}

/// Removes the blob's directory and returns the path of an encode's working directory.
fn unencoded(place: &Place) -> std::path::PathBuf {
    fs::remove_dir_all(place.directory()).unwrap();
    place.working()
}

/// Replaces the manifest by these bytes.
fn manifest(place: &Place, bytes: &[u8]) -> Made {
    fs::write(place.cleared("manifest.json"), bytes).unwrap();
    PLAIN
}

/// Returns the bytes of a manifest of nearly the maximum length.
fn long_manifest(begin: &str, with: &str, end: &str) -> Vec<u8> {
    let count = (31 << 20) / with.len();
    [
        begin.as_bytes(),
        &with.as_bytes().repeat(count),
        end.as_bytes(),
    ]
    .concat()
}

/// Replaces a text in the honest manifest.
fn changed_manifest(place: &Place, from: &str, to: &str) -> Made {
    let honest = fs::read_to_string(place.honest().join("manifest.json")).unwrap();
    assert!(honest.contains(from), "{honest}");
    manifest(place, honest.replacen(from, to, 1).as_bytes())
}

/// Creates files with names that resemble the names of slivers and of the manifest, or that a
/// terminal does not show.
fn twins(place: &Place, names: &[&str]) -> Made {
    for name in names {
        fs::write(place.directory().join("pairs").join(name), b"precious\n").unwrap();
    }
    PLAIN
}

pub const CASES: &[Case] = &[
    //                                   verify quick decode repair encode force inspect
    case(
        "manifest.json a link to a good one",
        "1 1 01 01 1 01",
        A_LINK,
        |place| {
            link(
                place.victim().join("manifest.json"),
                place.cleared("manifest.json"),
            );
            PLAIN
        },
    ),
    case(
        "manifest.json a link to /dev/zero",
        "1 1 01 01 1 01",
        A_LINK,
        |place| {
            link("/dev/zero", place.cleared("manifest.json"));
            PLAIN
        },
    ),
    case(
        "manifest.json a link to a FIFO",
        "1 1 01 01 1 01",
        A_LINK,
        |place| {
            fifo(place.victim().join("fifo"));
            link(place.victim().join("fifo"), place.cleared("manifest.json"));
            PLAIN
        },
    ),
    case(
        "manifest.json a link to nothing",
        "1 1 01 01 1 01",
        A_LINK,
        |place| {
            link(
                place.victim().join("nothing"),
                place.cleared("manifest.json"),
            );
            PLAIN
        },
    ),
    case("manifest.json a FIFO", "1 1 01 01 1 01", &[], |place| {
        fifo(place.cleared("manifest.json"));
        PLAIN
    }),
    case("manifest.json a socket", "1 1 01 01 1 01", &[], |place| {
        socket(place.cleared("manifest.json"));
        PLAIN
    }),
    case("manifest.json a device", "1 1 01 01 1 01", &[], |place| {
        device(place.cleared("manifest.json"))?;
        PLAIN
    }),
    case(
        "manifest.json of a terabyte",
        "1 1 01 01 1 01",
        &[],
        |place| {
            sparse(place.cleared("manifest.json"));
            PLAIN
        },
    ),
    case(
        "manifest.json a directory",
        "1 1 01 1 1 1",
        &[(Repair, "manifest.json")],
        |place| {
            full_directory(place.cleared("manifest.json"));
            PLAIN
        },
    ),
    case(
        "manifest.json a directory, and a sliver lost",
        "1 1 01 1 1 1",
        &[],
        |place| {
            lost(place);
            full_directory(place.cleared("manifest.json"));
            PLAIN
        },
    ),
    case(
        "manifest.json a hard link",
        "1 1 01 01 1 01",
        &[],
        |place| {
            fs::hard_link(place.victim().join("file"), place.cleared("manifest.json")).unwrap();
            PLAIN
        },
    ),
    case(
        "manifest.json with one long string",
        "1 1 01 01 1 01",
        &[],
        |place| manifest(place, &long_manifest("{\"version\": \"", "a", "\"}")),
    ),
    case(
        "manifest.json with one long name",
        "1 1 01 01 1 01",
        &[],
        |place| manifest(place, &long_manifest("{\"version\": 1, \"", "a", "\": 1}")),
    ),
    case(
        "manifest.json with one long number",
        "1 1 01 01 1 01",
        &[],
        |place| manifest(place, &long_manifest("{\"version\": ", "1", "}")),
    ),
    case(
        "manifest.json with one long list",
        "1 1 01 01 1 01",
        &[],
        |place| {
            manifest(
                place,
                &long_manifest("{\"version\": 1, \"files\": [", "{},", "{}]}"),
            )
        },
    ),
    case(
        "manifest.json with deep lists",
        "1 1 01 01 1 01",
        &[],
        |place| manifest(place, &long_manifest("{\"version\": ", "[", "")),
    ),
    case(
        "manifest.json with control characters",
        "1 1 01 01 1 01",
        &[],
        |place| {
            manifest(
                place,
                b"{\"version\": \"\x1b[2J\x1b]0;title\x07\xe2\x80\xae\"}",
            )
        },
    ),
    case(
        "manifest.json that leads out",
        "1 1 01 01 1 01",
        &[],
        |place| changed_manifest(place, SLIVER, "../../victim/file"),
    ),
    case(
        "manifest.json with a path from the root",
        "1 1 01 01 1 01",
        &[],
        |place| {
            let path = place.victim().join("file");
            changed_manifest(place, SLIVER, path.to_str().unwrap())
        },
    ),
    //                                   verify quick decode repair encode force inspect
    case(
        "metadata.bcs a link to a good one",
        "1 1 1 1 1 01 01",
        LINKED,
        |place| {
            link(
                place.victim().join("metadata.bcs"),
                place.cleared("metadata.bcs"),
            );
            PLAIN
        },
    ),
    case(
        "metadata.bcs a link to /dev/zero",
        "1 1 1 1 1 01 1",
        LINKED,
        |place| {
            link("/dev/zero", place.cleared("metadata.bcs"));
            PLAIN
        },
    ),
    case("metadata.bcs a FIFO", "1 1 1 1 1 01 1T", &[], |place| {
        fifo(place.cleared("metadata.bcs"));
        PLAIN
    }),
    case("metadata.bcs a socket", "1 1 1 1 1 01 1", &[], |place| {
        socket(place.cleared("metadata.bcs"));
        PLAIN
    }),
    case("metadata.bcs a device", "1 1 1 1 1 01 1", &[], |place| {
        device(place.cleared("metadata.bcs"))?;
        PLAIN
    }),
    case(
        "metadata.bcs of a terabyte",
        "1 1 1 1 1 01 1",
        &[],
        |place| {
            sparse(place.cleared("metadata.bcs"));
            PLAIN
        },
    ),
    case(
        "metadata.bcs a directory",
        "1 1 1 1 1 1 1",
        &[(Force, "metadata.bcs")],
        |place| {
            full_directory(place.cleared("metadata.bcs"));
            PLAIN
        },
    ),
    case("metadata.bcs a hard link", "1 1 1 1 1 01 1", &[], |place| {
        fs::hard_link(place.victim().join("file"), place.cleared("metadata.bcs")).unwrap();
        PLAIN
    }),
    //                                   verify quick decode repair encode force inspect
    case(
        "pairs a link to good slivers",
        "1 1 1 1 1 01 01",
        LINKED,
        |place| {
            link(place.victim().join("pairs"), place.cleared("pairs"));
            PLAIN
        },
    ),
    case(
        "pairs a link to slivers of which one is lost",
        "1 1 1 1 1 01 01",
        LINKED,
        |place| {
            fs::remove_file(place.victim().join("pairs/0007.primary.bcs")).unwrap();
            link(place.victim().join("pairs"), place.cleared("pairs"));
            PLAIN
        },
    ),
    case(
        "pairs a link to a directory of a sliver's name",
        "1 1 1 1 1 01 1",
        LINKED,
        |place| {
            let sliver = place.victim().join(SLIVER);
            fs::remove_file(&sliver).unwrap();
            full_directory(&sliver);
            link(place.victim().join("pairs"), place.cleared("pairs"));
            PLAIN
        },
    ),
    case(
        "pairs a link to nothing",
        "1 1 1 1 1 01 1",
        LINKED,
        |place| {
            link(place.victim().join("nothing"), place.cleared("pairs"));
            PLAIN
        },
    ),
    case("pairs a file", "1 1 1 1 1 01 1", &[], |place| {
        fs::write(place.cleared("pairs"), b"text\n").unwrap();
        PLAIN
    }),
    case("pairs a FIFO", "1 1 1 1 1 01 1", &[], |place| {
        fifo(place.cleared("pairs"));
        PLAIN
    }),
    //                                   verify quick decode repair encode force inspect
    case(
        "a sliver a link to a good one",
        "1 1 0 0 1 01 01",
        &[],
        |place| {
            link(place.victim().join(SLIVER), place.cleared(SLIVER));
            PLAIN
        },
    ),
    case(
        "a sliver a link to a stranger's file",
        "1 1 0 0 1 01 1",
        &[],
        |place| {
            link(place.victim().join("file"), place.cleared(SLIVER));
            PLAIN
        },
    ),
    case(
        "a sliver a link to a directory",
        "1 1 0 0 1 01 1",
        &[],
        |place| {
            link(place.victim().join("folder"), place.cleared(SLIVER));
            PLAIN
        },
    ),
    case(
        "a sliver a link to nothing",
        "1 1 0 0 1 01 1",
        &[],
        |place| {
            link(place.victim().join("nothing"), place.cleared(SLIVER));
            PLAIN
        },
    ),
    case(
        "a sliver a link to /dev/zero",
        "1 1 0 0 1 01 1",
        &[],
        |place| {
            link("/dev/zero", place.cleared(SLIVER));
            PLAIN
        },
    ),
    case(
        "a sliver a link to a FIFO",
        "1 1 0 0 1 01 1T",
        &[],
        |place| {
            fifo(place.victim().join("fifo"));
            link(place.victim().join("fifo"), place.cleared(SLIVER));
            PLAIN
        },
    ),
    case("a sliver a FIFO", "1 1 0 0 1 01 1T", &[], |place| {
        fifo(place.cleared(SLIVER));
        PLAIN
    }),
    case("a sliver a socket", "1 1 0 0 1 01 1", &[], |place| {
        socket(place.cleared(SLIVER));
        PLAIN
    }),
    case("a sliver a device", "1 1 0 0 1 01 1", &[], |place| {
        device(place.cleared(SLIVER))?;
        PLAIN
    }),
    case("a sliver of a terabyte", "1 1 0 0 1 01 1", &[], |place| {
        sparse(place.cleared(SLIVER));
        PLAIN
    }),
    case(
        "a sliver a hard link to a good one",
        "0 0 0 0 0 0 0",
        &[],
        |place| {
            fs::hard_link(place.victim().join(SLIVER), place.cleared(SLIVER)).unwrap();
            PLAIN
        },
    ),
    case(
        "a sliver a hard link to a stranger's file",
        "1 1 0 0 1 01 1",
        &[],
        |place| {
            fs::hard_link(place.victim().join("file"), place.cleared(SLIVER)).unwrap();
            PLAIN
        },
    ),
    case(
        "a sliver an empty directory",
        "1 1 0 01 1 01 1",
        &[],
        |place| {
            fs::create_dir(place.cleared(SLIVER)).unwrap();
            PLAIN
        },
    ),
    case("a sliver a directory", "1 1 0 1 1 1 1", NAMED, |place| {
        full_directory(place.cleared(SLIVER));
        PLAIN
    }),
    case(
        "a sliver a directory, and another lost",
        "1 1 0 1 1 1 1",
        NAMED,
        |place| {
            lost(place);
            full_directory(place.cleared(SLIVER));
            PLAIN
        },
    ),
    case(
        "a sliver a deep directory",
        "1 1 0 1 1 1 1",
        NAMED,
        |place| {
            deep(place.cleared(SLIVER));
            PLAIN
        },
    ),
    //                                   verify quick decode repair encode force inspect
    case(
        "a foreign file",
        "1 1 0 0 1 1 0",
        &[(Force, "notes.txt")],
        |place| {
            lost(place);
            fs::write(place.directory().join("notes.txt"), b"precious\n").unwrap();
            PLAIN
        },
    ),
    case(
        "a foreign file among slivers",
        "1 1 0 0 1 1 0",
        &[(Force, "notes.txt")],
        |place| {
            lost(place);
            fs::write(place.directory().join("pairs/notes.txt"), b"precious\n").unwrap();
            PLAIN
        },
    ),
    case(
        "a foreign directory",
        "1 1 0 0 1 1 0",
        &[(Force, "notes")],
        |place| {
            lost(place);
            full_directory(place.directory().join("notes"));
            PLAIN
        },
    ),
    case(
        "a foreign deep directory",
        "1 1 0 0 1 1 0",
        &[(Force, "deep")],
        |place| {
            lost(place);
            deep(place.directory().join("pairs/deep"));
            PLAIN
        },
    ),
    case("twins in case", "1 1 0 0 01 01 0", &[], |place| {
        for name in ["MANIFEST.JSON", "Metadata.bcs"] {
            fs::write(place.directory().join(name), b"precious\n").unwrap();
        }
        twins(
            place,
            &["0003.PRIMARY.BCS", "0003.Primary.bcs", "0003.primary.BCS"],
        )
    }),
    case("twins in Unicode", "1 1 0 0 01 01 0", &[], |place| {
        twins(
            place,
            &[
                "\u{ff10}\u{ff10}\u{ff10}\u{ff13}.primary.bcs",
                "0003.pr\u{131}mary.bcs",
                "0003.primary\u{2024}bcs",
                "0003.primary.bcs\u{200b}",
                "0003.pri\u{301}mary.bcs",
            ],
        )
    }),
    case(
        "names that terminals act on",
        "1 1 0 0 01 01 0",
        &[],
        |place| {
            twins(
                place,
                &[
                    "\u{202e}scb.yramirp.3000",
                    "0003.primary.bcs\n",
                    "0003.primary.bcs\r",
                    "\x1b[2J\x1b[H",
                    "\x1b]0;title\x07",
                    " ",
                    "-o",
                ],
            )
        },
    ),
    case(
        "thousands of foreign files",
        "1 1 0 0 01 01 0",
        &[],
        |place| {
            let (pairs, long) = (place.directory().join("pairs"), "x".repeat(200));
            for number in 0..5000 {
                fs::write(pairs.join(format!("{long}{number}")), b"").unwrap();
            }
            PLAIN
        },
    ),
    case("somebody else's", "0 0 0 0 01 01 0", &[], |place| {
        give_away(place.directory())?;
        give_away(place.directory().join("pairs"))?;
        give_away(place.directory().join(SLIVER))?;
        PLAIN
    }),
    //                                   verify quick decode repair encode force inspect
    case(
        "a link where repair works",
        "1 1 0 0 1 01 0",
        &[],
        |place| {
            lost(place);
            link(place.victim(), place.directory().join(REPAIRING));
            PLAIN
        },
    ),
    case(
        "a link to nothing where repair works",
        "1 1 0 0 1 01 0",
        &[],
        |place| {
            lost(place);
            link(
                place.victim().join("nothing"),
                place.directory().join(REPAIRING),
            );
            PLAIN
        },
    ),
    case(
        "a file where repair works",
        "1 1 0 0 1 01 0",
        &[],
        |place| {
            lost(place);
            fs::write(place.directory().join(REPAIRING), b"precious\n").unwrap();
            PLAIN
        },
    ),
    case(
        "a FIFO where repair works",
        "1 1 0 0 1 01 0",
        &[],
        |place| {
            lost(place);
            fifo(place.directory().join(REPAIRING));
            PLAIN
        },
    ),
    case(
        "somebody else's directory where repair works",
        "1 1 0 0 1 01 0",
        &[],
        |place| {
            let path = repairing(place);
            fs::write(path.join("notes.txt"), b"precious\n").unwrap();
            give_away(path)?;
            PLAIN
        },
    ),
    case(
        "a directory with files where repair works",
        "1 1 0 01 1 01 0",
        &[],
        |place| {
            fs::write(repairing(place).join("notes.txt"), b"precious\n").unwrap();
            PLAIN
        },
    ),
    case(
        "a directory with directories where repair works",
        "1 1 0 01 1 01 0",
        &[],
        |place| {
            full_directory(repairing(place).join("blob"));
            PLAIN
        },
    ),
    case(
        "a deep directory where repair works",
        "1 1 0 01 1 01 0",
        &[],
        |place| {
            deep(repairing(place).join("blob"));
            PLAIN
        },
    ),
    case(
        "a link as lock of repair",
        "1 1 0 01 1 01 0",
        &[],
        |place| {
            link(place.victim().join("file"), repairing(place).join("lock"));
            PLAIN
        },
    ),
    case(
        "a hard link as lock of repair",
        "1 1 0 01 1 01 0",
        &[],
        |place| {
            fs::hard_link(place.victim().join("file"), repairing(place).join("lock")).unwrap();
            PLAIN
        },
    ),
    case(
        "a FIFO as lock of repair",
        "1 1 0 01 1 01 0",
        &[],
        |place| {
            fifo(repairing(place).join("lock"));
            PLAIN
        },
    ),
    case(
        "a socket as lock of repair",
        "1 1 0 01 1 01 0",
        &[],
        |place| {
            socket(repairing(place).join("lock"));
            PLAIN
        },
    ),
    case(
        "a directory as lock of repair",
        "1 1 0 01 1 01 0",
        &[],
        |place| {
            full_directory(repairing(place).join("lock"));
            PLAIN
        },
    ),
    case(
        "a link to write through where repair works",
        "1 1 0 01 1 01 0",
        &[],
        |place| {
            link(place.victim(), repairing(place).join("blob"));
            PLAIN
        },
    ),
    case(
        "a mount where repair works",
        "1 1 0 01 1 01 0",
        &[],
        |place| mounted(Some(&place.victim()), &repairing(place)),
    ),
    //                                   verify quick decode repair encode force inspect
    case("a mount on pairs", "1 1 1 1 1 01 1", &[], |place| {
        mounted(None, &place.directory().join("pairs"))
    }),
    case("a mount on all", "1 1 1 1 1 01 1", &[], |place| {
        mounted(None, &place.directory())
    }),
    case(
        "a file mounted on a sliver",
        "1 1 0 1 1 01 1",
        &[],
        |place| {
            mounted(
                Some(&place.victim().join("file")),
                &place.directory().join(SLIVER),
            )
        },
    ),
    case(
        "a mount on a directory of a sliver's name",
        "1 1 0 1 1 01 1",
        &[],
        |place| {
            fs::create_dir(place.cleared(SLIVER)).unwrap();
            mounted(None, &place.directory().join(SLIVER))
        },
    ),
    //                                   verify quick decode repair encode force inspect
    case(
        "all a link to a good one",
        "01 01 01 - 1 1 01",
        &[],
        |place| {
            fs::remove_dir_all(place.directory()).unwrap();
            link(place.victim(), place.directory());
            PLAIN
        },
    ),
    case(
        "all a link to a damaged one",
        "1 1 01 - 1 1 01",
        &[],
        |place| {
            fs::remove_dir_all(place.directory()).unwrap();
            fs::write(place.victim().join(SLIVER), b"text\n").unwrap();
            link(place.victim(), place.directory());
            PLAIN
        },
    ),
    case("all a link to nothing", "1 1 1 1 1 1 1", &[], |place| {
        fs::remove_dir_all(place.directory()).unwrap();
        link(place.victim().join("nothing"), place.directory());
        PLAIN
    }),
    case("all a file", "1 1 1 1 1 1 1", &[], |place| {
        fs::remove_dir_all(place.directory()).unwrap();
        fs::write(place.directory(), b"precious\n").unwrap();
        PLAIN
    }),
    case("all a FIFO", "1 1 1 1 1 1 1", &[], |place| {
        fs::remove_dir_all(place.directory()).unwrap();
        fifo(place.directory());
        PLAIN
    }),
    //                                   verify quick decode repair encode force inspect resume
    case(
        "a link where an encode works",
        "- - - - 0 0 - 1",
        &[],
        |place| {
            link(place.victim(), unencoded(place));
            PLAIN
        },
    ),
    case(
        "a link to nothing where an encode works",
        "- - - - 0 0 - 1",
        &[],
        |place| {
            link(place.victim().join("nothing"), unencoded(place));
            PLAIN
        },
    ),
    case(
        "a file where an encode works",
        "- - - - 0 0 - 1",
        &[],
        |place| {
            fs::write(unencoded(place), b"precious\n").unwrap();
            PLAIN
        },
    ),
    case(
        "a FIFO where an encode works",
        "- - - - 0 0 - 1",
        &[],
        |place| {
            fifo(unencoded(place));
            PLAIN
        },
    ),
    case(
        "somebody else's directory where an encode works",
        "- - - - 0 0 - 1",
        &[],
        |place| {
            let path = encoding(place);
            fs::write(path.join("notes.txt"), b"precious\n").unwrap();
            give_away(path)?;
            PLAIN
        },
    ),
    case(
        "a directory with files where an encode works",
        "- - - - 01 01 - 01",
        &[],
        |place| {
            fs::write(encoding(place).join("notes.txt"), b"precious\n").unwrap();
            PLAIN
        },
    ),
    case(
        "a directory with directories where an encode works",
        "- - - - 01 01 - 01",
        &[],
        |place| {
            full_directory(encoding(place).join("blob"));
            PLAIN
        },
    ),
    case(
        "a deep directory where an encode works",
        "- - - - 01 01 - 01",
        &[],
        |place| {
            deep(encoding(place).join("blob"));
            PLAIN
        },
    ),
    case(
        "a link as lock of an encode",
        "- - - - 01 01 - 01",
        &[],
        |place| {
            link(place.victim().join("file"), encoding(place).join("lock"));
            PLAIN
        },
    ),
    case(
        "a hard link as lock of an encode",
        "- - - - 01 01 - 01",
        &[],
        |place| {
            fs::hard_link(place.victim().join("file"), encoding(place).join("lock")).unwrap();
            PLAIN
        },
    ),
    case(
        "a FIFO as lock of an encode",
        "- - - - 01 01 - 01",
        &[],
        |place| {
            fifo(encoding(place).join("lock"));
            PLAIN
        },
    ),
    case(
        "links to write through where an encode works",
        "- - - - 01 01 - 01",
        &[],
        |place| {
            let path = encoding(place);
            link(place.victim(), path.join("blob"));
            link(place.victim().join("file"), path.join("job.json"));
            link(place.victim().join("file"), path.join("checkpoint.new"));
            link("/dev/zero", path.join("checkpoint"));
            PLAIN
        },
    ),
    case(
        "a FIFO as journal of an encode",
        "- - - - 01 01 - 01",
        &[],
        |place| {
            let path = encoding(place);
            fifo(path.join("job.json"));
            fifo(path.join("checkpoint"));
            PLAIN
        },
    ),
    case(
        "a mount where an encode works",
        "- - - - 01 01 - 01",
        &[],
        |place| mounted(Some(&place.victim()), &encoding(place)),
    ),
];

/// The parser assigns the columns of the table to the right verbs.
#[test]
fn columns_are_verbs() {
    let case = CASES
        .iter()
        .find(|case| case.name == "a sliver a directory")
        .unwrap();
    assert_eq!(
        (case.codes(Quick), case.codes(Repair)),
        (Some("1"), Some("1"))
    );
    let case = CASES
        .iter()
        .find(|case| case.name == "a FIFO where an encode works")
        .unwrap();
    assert_eq!((case.codes(Verify), case.codes(Encode)), (None, Some("0")));
    assert_eq!(
        (case.codes(Force), case.codes(Resume)),
        (Some("0"), Some("1"))
    );
}
