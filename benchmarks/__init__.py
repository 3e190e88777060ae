"""What Deemster costs, beside a control in the same run. Never part of a test's verdict."""
