"""Evidence: contact logs, run folders, metrics, comparison and the report. Knows no engine and no probe."""
