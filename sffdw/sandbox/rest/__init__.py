"""The REST resources below /services/data/vXX.0."""
