"""The Bulk APIs: 2.0 (query and ingest) and 1.0 (jobs and batches in CSV, XML and JSON)."""
