"""What an operator sees of a process: metrics, log lines, spans. None of it ever stops work."""
