//! Command line, run as a process.

#![cfg(feature = "cli")]

mod common;

mod cli {
    mod harness;

    mod clean;
    mod completions;
    mod decode;
    mod disk;
    mod encode;
    mod gpu;
    mod id_check;
    mod inputs;
    mod inspect;
    mod inspect_kinds;
    mod instruction_sets;
    mod interrupt;
    mod layers;
    mod limits;
    mod many;
    mod messages;
    mod quilt;
    mod recover;
    mod repair;
    mod streams;
    mod surface;
    mod symbol;
    mod vectors;
    mod verify;
    mod waiting;
}
