//! tantivy-serve INDEX_DIR: answers the lines of the search-benchmark-game on standard input, as its tantivy engine does.

use std::io::{BufRead, Write};
use tantivy::collector::{Count, TopDocs};
use tantivy::query::QueryParser;
use tantivy::{Index, TantivyError};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args().nth(1).expect("usage: tantivy-serve INDEX_DIR");
    let index = Index::open_in_dir(directory)?;
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
