"""What people do with worksheets in benchmarks."""
