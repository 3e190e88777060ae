"""What operators ask the service: is it alive, is it ready, how is it doing."""
