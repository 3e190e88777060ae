"""What several processes must know together; in memory where there is one process."""
