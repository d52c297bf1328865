//! index TOKENS INDEX_DIR: indexes the lines of what spimi_write_tokens wrote, with positions, into one segment.
//! serve INDEX_DIR: answers the lines of the search-benchmark-game on standard input, as its tantivy engine does.

use std::io::{BufRead, BufReader, Write};
use std::{env, fs, process};
use tantivy::collector::{Count, TopDocs};
use tantivy::merge_policy::NoMergePolicy;
use tantivy::query::QueryParser;
use tantivy::schema::{IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexWriter, TantivyDocument, TantivyError};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["index", tokens, out] => index(tokens, out),
        ["serve", index] => serve(index),
        ["version"] => {
            println!("{}", tantivy::version_string().split(',').next().unwrap());
            Ok(())
        }
        _ => {
            eprintln!("usage: index TOKENS INDEX_DIR, or serve INDEX_DIR, or version");
            process::exit(2)
        }
    }
}

fn index(tokens: &str, out: &str) -> Result<()> {
    let mut schema = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer("whitespace")
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let body = schema.add_text_field("body", TextOptions::default().set_indexing_options(indexing));
    fs::create_dir_all(out)?;
    let index = Index::create_in_dir(out, schema.build())?;
    let mut writer: IndexWriter = index.writer_with_num_threads(1, 256 << 20)?;
    writer.set_merge_policy(Box::new(NoMergePolicy));
    for line in BufReader::new(fs::File::open(tokens)?).lines() {
        let mut document = TantivyDocument::new();
        document.add_text(body, line?);
        writer.add_document(document)?;
    }
    writer.commit()?;
    let segments = index.searchable_segment_ids()?;
    if segments.len() > 1 {
        writer.merge(&segments).wait()?;
    }
    writer.garbage_collect_files().wait()?;
    writer.wait_merging_threads()?;
    Ok(())
}

fn serve(index: &str) -> Result<()> {
    let index = Index::open_in_dir(index)?;
    let body = index.schema().get_field("body")?;
    let parser = QueryParser::for_index(&index, vec![body]);
    let searcher = index.reader()?.searcher();
    let stdout = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (command, text) = line.split_once('\t').ok_or("a line without a tab")?;
        let query = parser.parse_query(text)?;
        let answer = if command == "COUNT" {
            searcher.search(&query, &Count)?
        } else if let Some(k) = command.strip_prefix("TOP_").and_then(|c| c.strip_suffix("_COUNT")) {
            let top = TopDocs::with_limit(k.parse()?).order_by_score();
            searcher.search(&query, &(Count, top))?.0
        } else {
            let k = command.strip_prefix("TOP_").ok_or_else(|| TantivyError::InvalidArgument(command.into()))?;
            searcher.search(&query, &TopDocs::with_limit(k.parse()?).order_by_score())?;
            1
        };
        let mut out = stdout.lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}
