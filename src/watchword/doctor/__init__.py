"""What ``watchword doctor`` looks at: settings, database and each provider; it changes nothing."""
