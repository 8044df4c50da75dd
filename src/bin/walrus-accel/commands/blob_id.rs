//! `blob-id`: prints the blob IDs of files.

use crate::args::BlobIdArgs;
use crate::commands::encoded_line::EncodedLine;
use crate::commands::id_check;
use crate::input::file_list::FileList;
use crate::output::exit::{Exit, Failure};
use crate::output::names::id_line;
use crate::run::app::{App, encoder};
use crate::run::file_batch::FileBatch;

/// Prints one line per file.
pub fn run(args: &BlobIdArgs, app: &App) -> Result<Exit, Failure> {
    if args.check.check {
        return id_check::run(args, app);
    }
    let list = FileList::gather(&args.input, None, &app.console)?;
    let listed = app.report_unlisted(&list);
    let encoder = encoder(&args.code, &args.engine, app)?;
    let batch = FileBatch::new(app, &list.files, encoder, &args.engine, None)?.only_lines();
    let encoder = batch.encoder();
    let exit = batch.run(
        |blob, job| Ok((encoder.metadata_with(blob, job.control())?, ())),
        |path, encoded| {
            if app.console.json() {
                let line = EncodedLine::new(path, encoded, &batch);
                return app.console.object(&line);
            }
            let id = encoded.blob_id;
            match args.no_names {
                true => app.console.line(id.to_string().as_bytes()),
                false => app.console.line(&id_line(id, path)),
            }
        },
    );
    if exit != Exit::Unavailable {
        app.warn_of_device(&args.engine, encoder.runtime());
    }
    Ok(exit.and(listed))
}
