"""Two plug-ins for Deemster: users of a CSV file, and tokens signed by HMAC."""
