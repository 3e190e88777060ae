"""What operators see of the service: its log (`service_log`) and its figures (`metrics`)."""
