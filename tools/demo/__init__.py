"""`make demo`: the main job in one narrated psql session, each claim checked against Salesforce and the tables."""
