"""Changes of records: the rules Salesforce applies when rows are created, changed, deleted or restored."""
