"""The adapters to those who deliver mail: the only files that import their libraries."""
