"""What ``watchword compliance report`` tells of one deployment; it changes nothing and certifies nothing."""
