"""What a deploy is about, as values: services, operations, ports, secrets, records."""
