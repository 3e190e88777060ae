"""Values of attributes from elsewhere: HTTP services and databases, bounded in every direction."""
