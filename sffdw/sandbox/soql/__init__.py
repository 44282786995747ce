"""The SOQL engine: text → tokens → syntax tree → checked plan → one SQL statement on the store."""
