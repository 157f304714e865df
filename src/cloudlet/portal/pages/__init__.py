"""The HTML pages: each reads what it shows from the services and renders a template."""
