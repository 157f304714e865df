"""JSON and live events behind the pages; programs may use them as well."""
