//! index FILE_LIST INDEX_DIR THREADS: indexes the files of the list, with positions, into one segment.
//! stats INDEX_DIR: what the index holds, as JSON.

use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, ffi::OsStr, fs, path::Path, process};
use tantivy::merge_policy::NoMergePolicy;
use tantivy::schema::{Schema, STORED, TEXT};
use tantivy::{Index, IndexWriter, TantivyDocument};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const BUFFER_BYTES: usize = 256 << 20; // in all, as the other peers

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["index", list, out, threads] => index(list, out, threads.parse()?),
        ["stats", index] => stats(index),
        _ => {
            eprintln!("usage: index FILE_LIST INDEX_DIR THREADS, or stats INDEX_DIR");
            process::exit(2)
        }
    }
}

fn index(list: &str, out: &str, num_threads: usize) -> Result<()> {
    let mut schema = Schema::builder();
    let path = schema.add_text_field("path", STORED);
    let body = schema.add_text_field("body", TEXT); // with frequencies and positions
    fs::create_dir_all(out)?;
    let index = Index::create_in_dir(out, schema.build())?;
    let mut writer: IndexWriter = index.writer_with_num_threads(num_threads, BUFFER_BYTES)?;
    // What is merged into one segment in the end would gain nothing from merges before.
    writer.set_merge_policy(Box::new(NoMergePolicy));

    let list = fs::read(list)?;
    let files: Vec<&[u8]> = list.split(|&b| b == 0).filter(|file| !file.is_empty()).collect();
    let next = AtomicUsize::new(0);
    // The writer's threads index; as many read the files.
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..num_threads)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let bytes = fs::read(Path::new(OsStr::from_bytes(file)))?;
                        let mut document = TantivyDocument::new();
                        document.add_text(path, String::from_utf8_lossy(file));
                        document.add_text(body, String::from_utf8_lossy(&bytes));
                        writer.add_document(document)?;
                    }
                    Ok(())
                })
            })
            .collect();
        readers.into_iter().try_for_each(|reader| reader.join().unwrap())
    })?;

    writer.commit()?;
    let segments = index.searchable_segment_ids()?;
    if segments.len() > 1 {
        writer.merge(&segments).wait()?;
    }
    writer.garbage_collect_files().wait()?;
    writer.wait_merging_threads()?;
    Ok(())
}

fn stats(index: &str) -> Result<()> {
    let index = Index::open_in_dir(index)?;
    let body = index.schema().get_field("body")?;
    let searcher = index.reader()?.searcher();
    let (mut terms, mut tokens) = (0, 0);
    for segment in searcher.segment_readers() {
        let inverted = segment.inverted_index(body)?;
        terms += inverted.terms().num_terms(); // of the only segment
        tokens += inverted.total_num_tokens();
    }
    println!(
        "{{\"documents\": {}, \"terms\": {terms}, \"tokens\": {tokens}, \"segments\": {}, \"version\": \"{}\"}}",
        searcher.num_docs(),
        searcher.segment_readers().len(),
        tantivy::version_string()
    );
    Ok(())
}
