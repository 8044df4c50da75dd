//! Encoding of a blob in two passes, group by group.

use crate::engine::{PassPlan, PassSession};
use crate::format::error::Result;
use crate::io::control::{Control, Event};
use crate::io::sink::{PassPosition, SinkSession};
use crate::io::source::Source;
use crate::io::symbol_reader::SourceRows;

/// Bytes of a leaf hash.
const LEAF_LEN: usize = 32;

/// Appends all slivers of a blob to the store of a sink, and returns the session with the leaf
/// hashes.
///
/// # Panics
///
/// If the sink has no store, or resumes from a position that no checkpoint has.
pub(super) fn encode<'a>(
    plan: &PassPlan<'a>,
    source: &dyn Source,
    sink: &dyn SinkSession,
    control: &Control,
) -> Result<Box<dyn PassSession + 'a>> {
    let store = sink.store().expect("the sink has a store");
    let shape = plan.shape;
    let n = usize::from(shape.n_shards());
    let mut session = plan.start();
    let mut done = PassPosition::default();
    if let Some((position, leaves)) = store.resume(control)? {
        done = position;
        let is_possible = done.rows <= shape.rows()
            && done.columns <= shape.n_shards()
            && (done.columns == 0 || done.rows == shape.rows())
            && leaves.len() == usize::from(done.columns) * n * LEAF_LEN;
        assert!(is_possible, "no checkpoint was at {done:?}");
        session.restore(&leaves)?;
        control.advance(done.share(&shape, shape.matrix_len()));
        control.tell(Event::Resumed {
            done: control.progress().done,
        });
    }
    store.set_write_buffer(plan.write_buffer);
    let rows = SourceRows::new(source, shape);
    let mut groups = plan.row_groups(done.rows.into()).peekable();
    // A group is recorded while it can be written behind: when the next group is extended.
    let begun = done;
    let record = |done: PassPosition, session: &dyn PassSession| {
        if done == begun {
            return Ok(());
        }
        let leaves = match usize::from(done.columns) * n {
            0 => &[],
            count => &session.leaves()[..count],
        };
        store.checkpoint(done, leaves.as_flattened())
    };
    while let Some(group) = groups.next() {
        if let Some(next) = groups.peek() {
            rows.will_read(next.clone());
        }
        session.extend_rows(group.clone(), &rows, control)?;
        record(done, &*session)?;
        done.rows = position(group.end);
        session.append_rows(group, &rows, store, control)?;
    }
    for group in plan.column_groups(done.columns.into()) {
        session.extend_columns(group.clone(), store, control)?;
        record(done, &*session)?;
        done.columns = position(group.end);
        session.append_columns(group, store, control)?;
    }
    Ok(session)
}

fn position(index: usize) -> u16 {
    u16::try_from(index).expect("at most the number of shards")
}
