"""A Salesforce org in a process: REST, OAuth, SOQL and DML on localhost, over a transactional store.

It shares no code with the wrapper; `python -m sffdw.sandbox` starts it.
"""
