"""Programs that show mlmonitor at work, one folder each."""
