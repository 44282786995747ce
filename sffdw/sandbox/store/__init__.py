"""The transactional store: one SQLite table per object, one column per stored field."""
