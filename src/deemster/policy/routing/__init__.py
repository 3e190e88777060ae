"""From URL and method to API service and operation: templates, tables, witnesses."""
