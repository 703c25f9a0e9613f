"""The engine in the process: tantivy, which is Lucene's kind in Rust."""
