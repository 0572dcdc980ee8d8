"""What a deploy will do and why (plan), and doing it over Podman's REST API (apply)."""
