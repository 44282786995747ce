"""Bulk API 1.0: jobs and their batches under /services/async."""
